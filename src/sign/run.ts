import { join, relative } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import pLimit from 'p-limit'
import { KeylessError } from '../errors.ts'
import { createHttp, type Log } from '../http.ts'
import type { RunContext } from '../runner/context.ts'
import { expand } from '../runner/glob.ts'
import { serializeBundle } from '../sigstore/bundle.ts'
import { issuerOf, requestIdentity, type IdentityToken } from '../sigstore/identity.ts'
import { openSession } from '../sigstore/session.ts'
import { bundlePath, checkWritable, writeAtomic } from '../storage/local.ts'
import { digestForSigning } from '../subjects/digest.ts'
import { commonFolder, displayName, findFiles, type FileSubject } from '../subjects/file.ts'
import { parseBundle } from '../trust/bundle.ts'
import type { Digester } from '../trust/digester.ts'
import { verifyBundle, type VerifiedIdentity } from '../trust/verify.ts'
import type { IdentityPolicy } from '../trust/policy.ts'
import type { TrustedRoot } from '../trust/root.ts'
import { getIdToken } from './id-token.ts'
import type { Inputs } from './inputs.ts'
import { fetchInstance, readInstance, type Instance } from './instance.ts'
import { ownIdentity } from './own-identity.ts'

/** A subject whose signature verified, and where its bundle went. */
export type Signed = {
  name: string
  sha256: string
  verified: VerifiedIdentity
  /** Path of the bundle in the folder of all bundles. */
  bundle: string
  /** Path of the bundle beside the file, or why it is not there. */
  published: { path: string } | { error: KeylessError }
}

export type Signing = { subjects: Signed[]; leftOut: string[]; instance: Instance }

/** A file with its bundle as it will be written, and what verifying just that text found. */
type Proven = FileSubject & {
  sha256: string
  text: string
  verified: VerifiedIdentity
}

/** Enough to keep the cores and the disk busy; each holds two chunks of a file. */
const HASHING = 4

/** Every write waits for the disk; so many wait together. */
const WRITING = 16

/**
 * Sign every file that the inputs name: all of them, or none.
 *
 * Nothing is asked of a service before everything is hashed, since a token lives for five minutes
 * and hashing may take hours. Nothing leaves the process before every bundle verified.
 *
 * @param folder where all bundles are collected
 * @throws KeylessError when nothing was written; a file whose bundle could not be put beside it is
 *   in the answer, and stops none of the others
 */
export async function sign(
  inputs: Inputs,
  context: RunContext,
  folder: string,
  log: Log
): Promise<Signing> {
  const given = 'name' in inputs.instance ? inputs.instance : await readInstance(inputs.instance)
  const { subjects, bundles } = await findFiles(inputs.files, context.workspace, expand)
  const leftOut = bundles.map(path => displayName(path, context.workspace))
  for (const { path } of subjects) await checkWritable(bundlePath(path))
  log.info(`Hashing ${subjects.length} file(s).`)
  const hashed = await pLimit(HASHING).map(subjects, async file => ({
    ...file,
    sha256: await digestForSigning(file.real)
  }))

  const http = createHttp({ deadline: performance.now() + inputs.timeout, log })
  const identify = (): Promise<IdentityToken> =>
    requestIdentity(audience => getIdToken(http, audience), {
      issuer: issuerOf(context.serverUrl)
    })
  const identity = await identify()
  const instance = 'name' in given ? await fetchInstance(given, identity, context.serverUrl) : given

  log.info(`Signing as ${String(identity.claims.job_workflow_ref)}.`)
  let unused: IdentityToken | undefined = identity
  const session = openSession({
    services: instance.services,
    identity: async () => {
      const token = unused ?? (await identify())
      unused = undefined
      return token
    },
    http,
    log
  })
  // One signature for each distinct content: the bundle of one copy is that of the other.
  const signed = await Promise.all(
    [...Map.groupBy(hashed, ({ sha256 }) => sha256)].map(async ([sha256, files]) => {
      const bundle = await session.signDigest(Buffer.from(sha256, 'hex'))
      return { sha256, files, text: serializeBundle(bundle) }
    })
  )

  log.info(`Verifying ${signed.length} bundle(s).`)
  const policy = ownIdentity(identity, context.serverUrl)
  const proven: Proven[] = []
  for (const { sha256, files, text } of signed) {
    const verified = await prove(text, sha256, instance.roots, policy)
    proven.push(...files.map(file => ({ ...file, verified, text })))
    // Verifying takes a whole core: without a turn for the event loop, connections die meanwhile.
    await setImmediate()
  }

  return { subjects: await publish(proven, folder), leftOut, instance }
}

/** Verify a new bundle just as the verify action will. */
async function prove(
  text: string,
  sha256: string,
  roots: TrustedRoot[],
  policy: IdentityPolicy
): Promise<VerifiedIdentity> {
  try {
    return await verifyBundle(parseBundle(text, 'the new bundle'), {
      roots,
      digest: known(sha256),
      expect: { kind: 'message-signature' },
      signer: { identity: policy }
    })
  } catch (error) {
    if (!(error instanceof KeylessError)) throw error
    throw new KeylessError(
      error.code,
      `A new signature does not verify, so none was written; the services or the trusted root are at fault: ${error.message}`,
      { cause: error }
    )
  }
}

/** Every bundle into the folder first, then each beside its file. */
async function publish(proven: Proven[], folder: string): Promise<Signed[]> {
  const above = commonFolder(proven.map(({ path }) => path))
  const limit = pLimit(WRITING)
  const collected = await limit.map(proven, async subject => {
    const bundle = bundlePath(join(folder, relative(above, subject.path)))
    await writeAtomic(bundle, subject.text)
    return { ...subject, bundle }
  })
  return await limit.map(collected, async ({ name, path, sha256, verified, bundle, text }) => {
    const beside = bundlePath(path)
    const published = await writeAtomic(beside, text).then(
      () => ({ path: beside }),
      (error: unknown) => {
        if (error instanceof KeylessError) return { error }
        throw error
      }
    )
    return { name, sha256, verified, bundle, published }
  })
}

/** The digest of bytes that were hashed before. */
function known(sha256: string): Digester {
  return algorithm =>
    algorithm === 'sha256'
      ? Promise.resolve(sha256)
      : Promise.reject(new Error(`A file is signed by its sha256, not by its ${algorithm}.`))
}
