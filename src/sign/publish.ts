import { realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import pLimit from 'p-limit'
import { KeylessError } from '../errors.ts'
import type { Log } from '../http.ts'
import type { Registry } from '../registry/client.ts'
import type { RunContext } from '../runner/context.ts'
import { uploadArtifact, type Artifact } from '../storage/artifact.ts'
import { bundlePath, writeAtomic } from '../storage/local.ts'
import { displayName } from '../subjects/file.ts'
import type { VerifiedIdentity } from '../trust/verify.ts'
import { attachAll, type Attachments } from './attach.ts'
import type { SignedFile } from './files.ts'
import type { SignedImage } from './images.ts'
import type { Publish } from './inputs.ts'
import type { SignedModel } from './models.ts'
import { artifactRoot } from './places.ts'

/** A subject whose signature verified, and where its bundle went. */
export type Signed = {
  name: string
  sha256: string
  verified: VerifiedIdentity
  /** Path of the bundle in the folder of all bundles; a legacy signature is none. */
  bundle?: string
  published: {
    /** Path of the bundle beside the file, or in the model. */
    local?: string
    /** The artifact, and the path of the bundle in it. */
    artifact?: { name: string; path: string }
    /** The attachments in the image's registry, by format. */
    registry?: Attachments
  }
  /** Why the bundle is not where it was to go. */
  errors: KeylessError[]
} & (
  | { kind: 'file'; file: SignedFile }
  | { kind: 'model'; model: SignedModel }
  | { kind: 'image'; image: SignedImage }
)

/** Whether every signature of an image was in its registry before, so that none was made. */
export function wasSigned(subject: Signed): boolean {
  if (subject.kind !== 'image') return false
  const { bundle, legacy } = subject.image
  return [bundle, legacy].every(each => each === undefined || each.attached !== undefined)
}

export type Publication = {
  subjects: Signed[]
  /** The artifact with the bundles, or why there is none. */
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
  registry: Registry
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
  placed: (SignedFile | SignedModel)[],
  images: SignedImage[],
  places: Publish,
  { folder, context, timeout, registry, log }: Surroundings
): Promise<Publication> {
  const above = artifactRoot(placed, context.workspace)
  const limit = pLimit(WRITING)
  const write = async (path: string, text: string): Promise<string> => {
    await writeAtomic(path, text)
    return path
  }
  const [ofPlaced, ofImages] = await Promise.all([
    limit.map(placed, ({ bundle, signature }) =>
      write(join(folder, relative(above, bundle.path)), signature.made)
    ),
    limit.map(
      images,
      async image => image.bundle && write(join(folder, imagePath(image)), image.bundle.made)
    )
  ])

  const beside = places.local
    ? await limit.map(
        placed,
        async ({ bundle, signature }) => await outcome(write(bundle.path, signature.made))
      )
    : []
  const uploaded = new Set(
    [...ofPlaced, ...(places.artifact?.images === true ? ofImages : [])].filter(
      path => path !== undefined
    )
  )
  const artifact =
    places.artifact && uploaded.size > 0
      ? await outcome(
          upload(places.artifact.name, folder, [...uploaded], { context, timeout, log })
        )
      : undefined
  const attached = places.registry ? await attachAll(images, registry, log) : []

  const inArtifact = (bundle: string | undefined): Signed['published'] =>
    isUploaded(artifact) && bundle !== undefined && uploaded.has(bundle)
      ? { artifact: { name: artifact.name, path: relative(folder, bundle).split(sep).join('/') } }
      : {}
  const subjects = [
    ...images.map((image, i): Signed => {
      const [bundle, end] = [ofImages[i], attached[i]]
      const { name, sha256, verified } = image
      return {
        kind: 'image',
        name,
        sha256,
        verified,
        image,
        ...(bundle !== undefined && { bundle }),
        published: { ...inArtifact(bundle), ...(end && { registry: end.attachments }) },
        errors: [
          ...(end?.errors ?? []),
          ...(places.artifact?.images === true && artifact instanceof KeylessError
            ? [artifact]
            : [])
        ]
      }
    }),
    ...placed.map((subject, i): Signed => {
      const { name, sha256, signature } = subject
      const [bundle, local] = [ofPlaced[i], beside[i]]
      return {
        ...(subject.kind === 'file'
          ? { kind: subject.kind, file: subject }
          : { kind: subject.kind, model: subject }),
        name,
        sha256,
        verified: signature.verified,
        ...(bundle !== undefined && { bundle }),
        published: { ...(typeof local === 'string' && { local }), ...inArtifact(bundle) },
        errors: [local, artifact].filter(end => end instanceof KeylessError)
      }
    })
  ]
  if (artifact === undefined) return { subjects }
  // They are found under either name of a workspace that is reached through a link.
  const root = displayName(above, [context.workspace, await realpath(context.workspace)])
  return { subjects, artifact: isUploaded(artifact) ? { ...artifact, root } : artifact }
}

/** Where the bundle of an image is among all bundles. A port's colon is none that an artifact may have. */
function imagePath({ repository, sha256 }: SignedImage): string {
  return bundlePath(`${repository.name.replaceAll(':', '_')}/sha256-${sha256}`)
}

async function upload(
  wanted: string,
  folder: string,
  files: string[],
  { context, timeout, log }: Pick<Surroundings, 'context' | 'timeout' | 'log'>
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
