import { relative } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { KeylessError } from '../errors.ts'
import { createHttp, type Log } from '../http.ts'
import type { RunContext } from '../runner/context.ts'
import { expand } from '../runner/glob.ts'
import { serializeBundle } from '../sigstore/bundle.ts'
import { issuerOf, requestIdentity, type IdentityToken } from '../sigstore/identity.ts'
import { openSession } from '../sigstore/session.ts'
import { checkArtifactPath } from '../storage/artifact-name.ts'
import { bundlePath, checkWritable } from '../storage/local.ts'
import { hashForSigning } from '../subjects/digest.ts'
import { checkUnchanged } from '../subjects/digests/hash.ts'
import { commonFolder, findFiles, type FileSubject } from '../subjects/file.ts'
import { parseBundle } from '../trust/bundle.ts'
import type { Digester } from '../trust/digester.ts'
import { verifyBundle, type VerifiedIdentity } from '../trust/verify.ts'
import type { IdentityPolicy } from '../trust/policy.ts'
import type { TrustedRoot } from '../trust/root.ts'
import { getIdToken } from './id-token.ts'
import type { Inputs } from './inputs.ts'
import { fetchInstance, readInstance, type Instance } from './instance.ts'
import { checkRun, ownIdentity } from './own-identity.ts'
import { publish, type Proven, type Publication } from './publish.ts'

export type Signing = Publication & { leftOut: string[]; instance: Instance }

/** Milliseconds within which a token is as good as new; fetching the trust may have taken longer. */
const FRESH = 60_000

/**
 * Sign every file that the inputs name: all of them, or none.
 *
 * Nothing is asked of a service before everything is hashed, since a token lives for five minutes
 * and hashing may take hours. Nothing leaves the process before every bundle verified.
 *
 * @param folder where all bundles are collected
 * @throws KeylessError when nothing was written; what could not be published is in the answer, and
 *   stops nothing else
 */
export async function sign(
  inputs: Inputs,
  context: RunContext,
  folder: string,
  log: Log
): Promise<Signing> {
  const given = 'name' in inputs.instance ? inputs.instance : await readInstance(inputs.instance)
  const { subjects, bundles } = await findFiles(inputs.files, context.workspace, expand)
  await checkPlaces(subjects, inputs.publish)
  log.info(`Hashing ${subjects.length} file(s).`)
  const files = await hashForSigning(subjects, { log })

  const http = createHttp({ deadline: performance.now() + inputs.timeout, log })
  const identify = (): Promise<IdentityToken> =>
    requestIdentity(audience => getIdToken(http, audience), {
      issuer: issuerOf(context.serverUrl)
    })
  const identity = await identify()
  checkRun(identity, context)
  const instance =
    'name' in given ? await fetchInstance(given, identity, { ...context, ...inputs }) : given

  log.info(`Signing as ${String(identity.claims.job_workflow_ref)}.`)
  let unused: IdentityToken | undefined = identity
  const session = openSession({
    services: instance.services,
    identity: async () => {
      const token = unused
      unused = undefined
      return token && Date.now() - token.issuedAt.getTime() < FRESH ? token : await identify()
    },
    http,
    log
  })
  // One signature for each distinct content: the bundle of one copy is that of the other.
  const signed = await Promise.all(
    [...Map.groupBy(files, ({ hashed }) => hashed.digest)].map(async ([sha256, files]) => {
      const bundle = await session.signDigest(Buffer.from(sha256, 'hex'))
      return { sha256, files, text: serializeBundle(bundle) }
    })
  )

  log.info(`Verifying ${signed.length} bundle(s).`)
  const policy = ownIdentity(identity, context.serverUrl)
  const proven: Proven[] = []
  for (const { sha256, files, text } of signed) {
    const verified = await prove(text, sha256, instance.roots, policy)
    proven.push(...files.map(file => ({ ...file, sha256, verified, text })))
    // Verifying takes a whole core: without a turn for the event loop, connections die meanwhile.
    await setImmediate()
  }

  for (const { real, hashed } of files) checkUnchanged(real, hashed)
  const publication = await publish(proven, inputs.publish, {
    folder,
    context,
    timeout: inputs.timeout,
    log
  })
  return { ...publication, leftOut: bundles.map(({ name }) => name), instance }
}

/** Refuse files whose bundles could not go where they are to go, before anything was signed. */
async function checkPlaces(
  subjects: FileSubject[],
  { local, artifact }: Inputs['publish']
): Promise<void> {
  if (local) for (const { path } of subjects) await checkWritable(bundlePath(path))
  if (artifact === undefined) return
  const above = commonFolder(subjects.map(({ path }) => path))
  for (const { name, path } of subjects) checkArtifactPath(name, relative(above, path))
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

/** The digest of bytes that were hashed before. */
function known(sha256: string): Digester {
  return algorithm =>
    algorithm === 'sha256'
      ? Promise.resolve(sha256)
      : Promise.reject(new Error(`A file is signed by its sha256, not by its ${algorithm}.`))
}
