import { setSecret } from '@actions/core'
import { KeylessError } from '../errors.ts'
import type { Http } from '../http.ts'
import { readObject } from '../sigstore/json.ts'

const SERVICE = "GitHub's token service"
const ATTEMPT_TIMEOUT = 10_000

/**
 * An OIDC token of this run from the runner's token service, masked before anything else is done.
 * In place of `core.getIDToken`, which takes the request token along to wherever it is redirected,
 * and waits for ever for an answer whose connection broke (both measured, @actions/core 3.0.1).
 *
 * @see https://docs.github.com/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
 * @throws KeylessError SERVICE_…, TOKEN_INVALID
 */
export async function getIdToken(http: Http, audience: string): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL = '', ACTIONS_ID_TOKEN_REQUEST_TOKEN = '' } = process.env
  const url = new URL(ACTIONS_ID_TOKEN_REQUEST_URL)
  url.searchParams.set('audience', audience)
  const answer = await http.request({
    service: SERVICE,
    method: 'GET',
    url: url.href,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${ACTIONS_ID_TOKEN_REQUEST_TOKEN}`
    },
    attemptTimeout: ATTEMPT_TIMEOUT,
    accept: [200]
  })
  const { value } = readObject(answer, SERVICE)
  if (typeof value !== 'string') {
    throw new KeylessError('TOKEN_INVALID', `The answer of ${SERVICE} holds no token; run again.`)
  }
  setSecret(value)
  return value
}
