import { realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import pLimit from 'p-limit'
import { KeylessError } from '../errors.ts'
import type { Log } from '../http.ts'
import type { RunContext } from '../runner/context.ts'
import { uploadArtifact, type Artifact } from '../storage/artifact.ts'
import { bundlePath, writeAtomic } from '../storage/local.ts'
import { commonFolder, displayName, type FileSubject } from '../subjects/file.ts'
import type { VerifiedIdentity } from '../trust/verify.ts'
import type { Publish } from './inputs.ts'

/** A file with its bundle as it will be written, and what verifying just that text found. */
export type Proven = FileSubject & {
  sha256: string
  text: string
  verified: VerifiedIdentity
}

/** A subject whose signature verified, and where its bundle went. */
export type Signed = {
  name: string
  sha256: string
  verified: VerifiedIdentity
  /** Path of the bundle in the folder of all bundles. */
  bundle: string
  published: {
    /** Path of the bundle beside the file. */
    local?: string
    /** The artifact, and the path of the bundle in it. */
    artifact?: { name: string; path: string }
  }
  /** Why the bundle is not where it was to go. */
  errors: KeylessError[]
}

export type Publication = {
  subjects: Signed[]
  /** The artifact with all bundles, or why there is none. */
  artifact?: Uploaded | KeylessError
}

export type Uploaded = Artifact & {
  /** Where people find it. */
  url: string
  /** The folder to unpack it in, so that each bundle is beside its file, as `displayName` has it. */
  root: string
}

type Surroundings = {
  /** Where all bundles are collected. */
  folder: string
  context: RunContext
  /** Milliseconds to keep trying to upload. */
  timeout: number
  log: Log
}

/** Every write waits for the disk; so many wait together. */
const WRITING = 16

/**
 * Every bundle into the folder first, then to each place that was asked for. What fails there stops
 * nothing else.
 *
 * @throws KeylessError WRITE_FAILED for the folder alone
 */
export async function publish(
  proven: Proven[],
  places: Publish,
  { folder, context, timeout, log }: Surroundings
): Promise<Publication> {
  const above = commonFolder(proven.map(({ path }) => path))
  const limit = pLimit(WRITING)
  const collected = await limit.map(proven, async subject => {
    const bundle = bundlePath(join(folder, relative(above, subject.path)))
    await writeAtomic(bundle, subject.text)
    return { ...subject, bundle }
  })
  const beside = places.local
    ? await limit.map(collected, async ({ path, text }) => await outcome(writeBeside(path, text)))
    : []
  const artifact =
    places.artifact === undefined
      ? undefined
      : await outcome(
          upload(
            places.artifact,
            folder,
            collected.map(({ bundle }) => bundle),
            { context, timeout, log }
          )
        )
  const subjects = collected.map(({ name, sha256, verified, bundle }, index) => {
    const local = beside[index]
    return {
      name,
      sha256,
      verified,
      bundle,
      published: {
        ...(typeof local === 'string' && { local }),
        ...(isUploaded(artifact) && {
          artifact: {
            name: artifact.name,
            path: relative(folder, bundle).split(sep).join('/')
          }
        })
      },
      errors: [local, artifact].filter(end => end instanceof KeylessError)
    }
  })
  if (artifact === undefined) return { subjects }
  // Files are found under either name of a workspace that is reached through a link.
  const root = displayName(above, [context.workspace, await realpath(context.workspace)])
  return { subjects, artifact: isUploaded(artifact) ? { ...artifact, root } : artifact }
}

async function writeBeside(path: string, text: string): Promise<string> {
  const beside = bundlePath(path)
  await writeAtomic(beside, text)
  return beside
}

async function upload(
  wanted: string,
  folder: string,
  files: string[],
  { context, timeout, log }: Omit<Surroundings, 'folder'>
): Promise<Artifact & { url: string }> {
  const artifact = await uploadArtifact(wanted, folder, files, { timeout, log })
  const { serverUrl, repository, runId } = context
  const url = `${serverUrl}/${repository}/actions/runs/${runId}/artifacts/${artifact.id}`
  if (artifact.name !== wanted) log.info(`The artifact name ${wanted} is taken in this run.`)
  log.info(`Uploaded ${files.length} bundle(s) as the artifact ${artifact.name}: ${url}`)
  return { ...artifact, url }
}

function isUploaded<T extends Artifact>(end: T | KeylessError | undefined): end is T {
  return end !== undefined && !(end instanceof KeylessError)
}

/** What came of it, a failure that was raised on purpose included. */
async function outcome<T>(work: Promise<T>): Promise<T | KeylessError> {
  try {
    return await work
  } catch (error) {
    if (error instanceof KeylessError) return error
    throw error
  }
}
