import { setImmediate } from 'node:timers/promises'
import { KeylessError } from '../errors.ts'
import type { Session } from '../sigstore/session.ts'
import type { IdentityPolicy } from '../trust/policy.ts'
import type { TrustedRoot } from '../trust/root.ts'
import type { VerifiedIdentity } from '../trust/verify.ts'

/** What a new signature is verified with: nobody but this very run may have made it. */
export type Trust = { roots: TrustedRoot[]; signer: { identity: IdentityPolicy } }

/** A signature that is to be made, in the form `T` in which it leaves the process. */
export type Draft<T> = {
  make: (session: Session) => Promise<T>
  /** Verifies just that form, as the verify action will. */
  verify: (made: T, trust: Trust) => Promise<VerifiedIdentity>
}

export type Signature<T> = { made: T; verified: VerifiedIdentity }

/**
 * Make all signatures, and verify each.
 *
 * @throws KeylessError when one cannot be made or does not verify: then none may be used
 */
export async function signAll<T>(
  drafts: Draft<T>[],
  session: Session,
  trust: Trust
): Promise<Signature<T>[]> {
  const all = await Promise.all(
    drafts.map(async ({ make, verify }) => ({ made: await make(session), verify }))
  )
  const signatures: Signature<T>[] = []
  for (const { made, verify } of all) {
    signatures.push({ made, verified: await prove(verify(made, trust)) })
    // Verifying takes a whole core: without a turn for the event loop, connections die meanwhile.
    await setImmediate()
  }
  return signatures
}

async function prove(verifying: Promise<VerifiedIdentity>): Promise<VerifiedIdentity> {
  try {
    return await verifying
  } catch (error) {
    if (!(error instanceof KeylessError)) throw error
    throw new KeylessError(
      error.code,
      `A new signature does not verify, so none was written; the services or the trusted root are at fault: ${error.message}`,
      { cause: error }
    )
  }
}
