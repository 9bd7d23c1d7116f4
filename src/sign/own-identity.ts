import type { IdentityToken } from '../sigstore/identity.ts'
import { exactly, type IdentityPolicy } from '../trust/policy.ts'

/**
 * What the certificate must say, going by the token that it was issued for: client spec §2.3 has
 * signers compare the two, since a CA that mixes tokens up gives this run another's identity.
 *
 * @param serverUrl the server that the workflow's URI begins with
 */
export function ownIdentity({ issuer, claims }: IdentityToken, serverUrl: string): IdentityPolicy {
  return {
    requirements: [
      exactly('issuer', issuer),
      exactly('subjectAlternativeName', `${serverUrl}/${String(claims.job_workflow_ref)}`),
      exactly('sourceRepositoryIdentifier', String(claims.repository_id)),
      exactly('sourceRepositoryDigest', String(claims.sha))
    ]
  }
}
