import { createHttp, type Log } from '../http.ts'
import type { RunContext } from '../runner/context.ts'
import { createRegistry } from '../registry/client.ts'
import { issuerOf } from '../sigstore/identity.ts'
import { findImages } from '../subjects/image.ts'
import { identityPolicy } from '../trust/policy-inputs.ts'
import type { Outcome, Requirement } from './candidate.ts'
import { findSubjects, verifyFiles } from './files.ts'
import { readGiven } from './given.ts'
import { verifyImages } from './images.ts'
import type { Inputs } from './inputs.ts'
import { locateModels, verifyModels } from './models.ts'
import { readTrust } from './trust.ts'

/** Milliseconds to keep asking registries. A gate has nobody who waits for it through an outage. */
const LOOKING = 120_000

/**
 * Verify everything that the inputs name.
 *
 * @throws KeylessError when nothing could be verified at all: inputs, trust
 */
export async function verify(inputs: Inputs, context: RunContext, log: Log): Promise<Outcome[]> {
  const { files, images, models, bundles, annotations } = inputs
  const { workspace } = context
  const policy = identityPolicy(inputs.identity, {
    ...context,
    issuer: issuerOf(context.serverUrl)
  })
  const subjects = files && (await findSubjects(files, workspace, log))
  const located = models && locateModels(models, workspace)
  const http = createHttp({ deadline: performance.now() + LOOKING, log })
  const registry = createRegistry({ http, env: process.env, log })
  const found = images && (await findImages(registry, images))
  const given = bundles.length > 0 ? await readGiven(bundles, workspace) : undefined
  const required = inputs.predicateTypes.map((type): Requirement =>
    type === 'signature' ? type : { predicateType: type }
  )
  const trust = { roots: await readTrust(inputs.trust), signer: { identity: policy } }
  return [
    ...(found ? await verifyImages(registry, found, { given, required, annotations, trust }) : []),
    ...(located
      ? await verifyModels(located, { ...models, workspace, given, required, trust, log })
      : []),
    ...(subjects ? await verifyFiles(subjects, given, required, trust, log) : [])
  ]
}
