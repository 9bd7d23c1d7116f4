import { KeylessError } from '../errors.ts'
import { asInputs, describeIdentity, type CertificateIdentity, type ClaimName } from './identity.ts'
import { printable, quote } from './quote.ts'

/** What a certificate has to name. Everything asked for has to hold. */
export type IdentityPolicy = { requirements: readonly Requirement[] }

export type Requirement = {
  claim: 'issuer' | 'subjectAlternativeName' | ClaimName
  /** For people: the value, or what is accepted. Never empty. */
  expected: string
  /** Asked only about a claim that the certificate makes: a missing one never matches. */
  accepts: (found: string, identity: CertificateIdentity) => boolean
}

/** The inputs of the verify action that ask about a claim. */
const INPUTS: Partial<Record<Requirement['claim'], string>> = {
  issuer: 'certificate-oidc-issuer',
  subjectAlternativeName: 'certificate-identity',
  buildSignerURI: 'signer-workflow',
  sourceRepositoryURI: 'repository',
  sourceRepositoryOwnerURI: 'owner',
  sourceRepositoryRef: 'source-ref',
  sourceRepositoryDigest: 'source-digest',
  deploymentEnvironment: 'environment',
  runnerEnvironment: 'deny-self-hosted-runners'
}

/** A claim that must be this very string. */
export function exactly(claim: Requirement['claim'], expected: string): Requirement {
  return { claim, expected, accepts: found => found === expected }
}

/**
 * Refuses a policy that would let anyone through: one without an issuer, without anything beside
 * the issuer (an issuer vouches for millions), or with an empty value.
 *
 * @throws KeylessError POLICY_INVALID
 */
export function checkPolicy({ requirements }: IdentityPolicy): void {
  const claims = new Set(requirements.map(({ claim }) => claim))
  const blank = requirements.some(({ expected }) => expected.trim() === '')
  if (!claims.has('issuer') || claims.size < 2 || blank) {
    throw new KeylessError(
      'POLICY_INVALID',
      'The identity policy has to name an issuer and an identity, none of them empty.'
    )
  }
}

/**
 * Compares the identity in a verified certificate with what was asked for.
 * @throws KeylessError POLICY_INVALID, IDENTITY_MISMATCH with each claim that differs and the
 *   identity found as inputs to paste
 */
export function checkIdentity(policy: IdentityPolicy, identity: CertificateIdentity): void {
  checkPolicy(policy)
  const differences = policy.requirements.flatMap(({ claim, expected, accepts }) => {
    const found = valueOf(identity, claim)
    if (found !== undefined && found !== '' && accepts(found, identity)) return []
    return [
      `${INPUTS[claim] ?? claim}: expected ${quote(expected, 300)}, found ${found === undefined ? 'none' : quote(found, 300)}`
    ]
  })
  if (differences.length === 0) return
  throw new KeylessError(
    'IDENTITY_MISMATCH',
    [
      `The bundle is a valid signature of somebody else than asked for (${differences.join('; ')}): ${printable(describeIdentity(identity))}.`,
      'If you trust that identity, and only then, give these inputs in place of those that name another:',
      ...asInputs(identity)
        .split('\n')
        .map(line => `  ${printable(line)}`)
    ].join('\n')
  )
}

function valueOf(identity: CertificateIdentity, claim: Requirement['claim']): string | undefined {
  if (claim === 'issuer' || claim === 'subjectAlternativeName') return identity[claim]
  return identity.claims[claim]
}
