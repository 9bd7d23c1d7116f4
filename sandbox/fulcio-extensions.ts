import { extension } from './certificate.ts'
import type { Claims } from './claims.ts'
import { utf8 } from './der.ts'

const ARC = '1.3.6.1.4.1.57264.1'
const URL = 'https://github.com'

/** A claim that issuance cannot do without is not in the token. */
export class MissingClaim extends Error {}

/**
 * The extensions that Fulcio makes of a GitHub token, as its config/identity/config.yaml maps them:
 * .1 to .6 are raw bytes, from .8 on DER UTF8String (Fulcio's docs/oid-info.md); .24 is the
 * token's subject, which Fulcio adds since 1.8.6.
 */
export function fulcioExtensions(claims: Claims): Buffer[] {
  const claim = (name: string): string => {
    const value = claims[name]
    if (value === undefined) throw new MissingClaim(`value <${name}> not present in claims`)
    return value
  }
  const raw: [number, string][] = [
    [1, claim('iss')],
    [2, claim('event_name')],
    [3, claim('sha')],
    [4, claim('workflow')],
    [5, claim('repository')],
    [6, claim('ref')]
  ]
  const run = `${claim('repository')}/actions/runs/${claim('run_id')}/attempts/${claim('run_attempt')}`
  const strings: [number, string][] = [
    [8, claim('iss')],
    [9, `${URL}/${claim('job_workflow_ref')}`],
    [10, claim('job_workflow_sha')],
    [11, claim('runner_environment')],
    [12, `${URL}/${claim('repository')}`],
    [13, claim('sha')],
    [14, claim('ref')],
    [15, claim('repository_id')],
    [16, `${URL}/${claim('repository_owner')}`],
    [17, claim('repository_owner_id')],
    [18, `${URL}/${claim('workflow_ref')}`],
    [19, claim('workflow_sha')],
    [20, claim('event_name')],
    [21, `${URL}/${run}`],
    [22, claim('repository_visibility')],
    [23, claims.environment ?? ''],
    [24, claim('sub')]
  ]
  return [
    ...raw.map(([arc, value]) => ({ arc, value, encoded: Buffer.from(value) })),
    ...strings.map(([arc, value]) => ({ arc, value, encoded: utf8(value) }))
  ]
    .filter(({ value }) => value !== '')
    .map(({ arc, encoded }) => extension(`${ARC}.${arc}`, encoded))
}

/** The identity of the certificate: the workflow file that signs. */
export const subjectAlternativeName = (claims: Claims): string =>
  `${URL}/${claims.job_workflow_ref ?? ''}`
