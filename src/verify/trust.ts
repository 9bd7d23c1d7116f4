import { readText } from '../storage/local.ts'
import type { IdentityPolicy } from '../trust/policy.ts'
import { parseTrustedRoots, type TrustedRoot } from '../trust/root.ts'
import { fetchTrust } from '../trust/tuf.ts'
import type { Inputs } from './inputs.ts'

/** What every candidate is verified with. */
export type Trust = { roots: TrustedRoot[]; signer: { identity: IdentityPolicy } }

/** The trusted roots that bundles are verified with. */
export async function readTrust(trust: Inputs['trust']): Promise<TrustedRoot[]> {
  if ('path' in trust) {
    return parseTrustedRoots(
      await readText('trusted-root', trust.path),
      `trusted-root: ${trust.path}`
    )
  }
  const { trustedRoot } = await fetchTrust(trust.instance)
  return parseTrustedRoots(trustedRoot, `the trusted root of ${trust.instance}`)
}
