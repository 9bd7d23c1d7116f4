import { createHttp, type Http, type Log } from '../http.ts'
import { createRegistry } from '../registry/client.ts'
import type { RunContext } from '../runner/context.ts'
import { issuerOf, requestIdentity, type IdentityToken } from '../sigstore/identity.ts'
import { openSession } from '../sigstore/session.ts'
import { findFilesToSign, hashFiles, signFiles } from './files.ts'
import { getIdToken } from './id-token.ts'
import { resolveImages, signImages } from './images.ts'
import type { Inputs } from './inputs.ts'
import { fetchInstance, readInstance, type Instance } from './instance.ts'
import { findModels, hashModels, signModels } from './models.ts'
import { checkRun, ownIdentity } from './own-identity.ts'
import { checkPlaces } from './places.ts'
import { publish, type Publication } from './publish.ts'

export type Signing = Publication & { leftOut: string[]; instance: Instance }

/** Milliseconds within which a token is as good as new; fetching the trust may have taken longer. */
const FRESH = 60_000

/**
 * Sign everything that the inputs name: all of it, or nothing.
 *
 * Nothing is asked of Sigstore before everything is hashed, since a token lives for five minutes
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
  const { timeout, publish: places } = inputs
  const open = (): Http => createHttp({ deadline: performance.now() + timeout, log })
  const openRegistry = () => createRegistry({ http: open(), env: process.env, log })
  // One certificate and one log for all: where one signature needs Rekor v1, all go there.
  const choice = inputs.images && inputs.formats.has('legacy') ? 'v1' : 'newest'
  const given =
    'name' in inputs.instance ? inputs.instance : await readInstance(inputs.instance, choice)
  const images = inputs.images ? await resolveImages(openRegistry(), inputs.images, inputs) : []
  const { workspace } = context
  const { files, leftOut } = inputs.files
    ? await findFilesToSign(inputs.files, workspace)
    : { files: [], leftOut: [] }
  const models = inputs.models ? await findModels(inputs.models, { ...inputs, workspace }, log) : []
  await checkPlaces([...files, ...models], places, workspace)
  const hashedFiles = await hashFiles(files, log)
  const hashedModels = await hashModels(models, log)

  const http = open()
  const identify = (): Promise<IdentityToken> =>
    requestIdentity(audience => getIdToken(http, audience), {
      issuer: issuerOf(context.serverUrl)
    })
  const identity = await identify()
  checkRun(identity, context)
  const instance =
    'name' in given
      ? await fetchInstance(given, identity, { ...context, timeout, log: choice })
      : given

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
  const trust = {
    roots: instance.roots,
    signer: { identity: ownIdentity(identity, context.serverUrl) }
  }
  const registry = openRegistry()
  const [signedFiles, signedModels, signedImages] = await Promise.all([
    signFiles(hashedFiles, session, trust),
    signModels(hashedModels, session, trust),
    signImages(images, registry, session, { ...inputs, trust })
  ])

  const publication = await publish([...signedFiles, ...signedModels], signedImages, places, {
    folder,
    context,
    timeout,
    registry: openRegistry(),
    log
  })
  return { ...publication, leftOut, instance }
}
