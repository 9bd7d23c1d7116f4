import { KeylessError } from '../errors.ts'
import type { RunContext } from '../runner/context.ts'
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

/**
 * Make sure that the token is of this run. The environment and the event's file are what earlier
 * steps may have changed; what the token says, GitHub says.
 *
 * @throws KeylessError UNTRUSTED_TRIGGER, TOKEN_INVALID
 */
export function checkRun(
  { claims }: IdentityToken,
  { repositoryId, workflowRef }: RunContext
): void {
  if (claims.event_name === 'pull_request_target') {
    throw new KeylessError(
      'UNTRUSTED_TRIGGER',
      "The identity token is for pull_request_target, which gives this repository's identity to runs that anyone can start; sign in a workflow that starts on push, release or workflow_dispatch."
    )
  }
  if (claims.repository_id === repositoryId && claims.workflow_ref === workflowRef) return
  throw new KeylessError(
    'TOKEN_INVALID',
    `The identity token is for ${String(claims.workflow_ref)} of repository ${String(claims.repository_id)}, and this run for ${workflowRef} of ${repositoryId}; an earlier step may have changed the environment.`
  )
}
