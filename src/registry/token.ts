import type { Http, HttpRequest, HttpResponse } from '../http.ts'
import type { Challenge } from './challenge.ts'
import type { Credentials } from './credentials.ts'
import { isObject } from '../json.ts'
import { secretsOf, withoutEcho } from './echo.ts'
import { refused, unauthorized, unreadable, type Access } from './failures.ts'
import { tokenService } from './realm.ts'
import type { Repository } from './reference.ts'
import { ANSWERS, ATTEMPT_TIMEOUT } from './protocol.ts'

const MAX_BYTES = 256 * 1024
const CLIENT = 'keyless-sign'
/** What may stand in a header, and no more than servers take. */
const TOKEN = /^[\x21-\x7e]{1,49152}$/

/**
 * Gets a token for one repository from the token service that a Bearer challenge names: by GET, with the
 * password if there is one (distribution, "Token Authentication Specification"), or by POST for an identity
 * token ("OAuth2 Token Authentication"). The scope is the one that is needed, whatever the challenge says:
 * a registry cannot have a token made for another repository. Redirects are not followed.
 *
 * @returns the value of the Authorization header
 * @throws KeylessError REGISTRY_REALM_REFUSED, REGISTRY_UNAUTHORIZED, REGISTRY_FORBIDDEN,
 * REGISTRY_ANSWER_INVALID, those of Http
 */
export async function requestToken(
  http: Http,
  repository: Repository,
  access: Access,
  { parameters }: Challenge,
  credentials: Credentials | undefined
): Promise<string> {
  const url = tokenService(repository.host, parameters.get('realm'))
  const actions = access === 'read' ? 'pull' : 'pull,push'
  const service = parameters.get('service')
  const wanted = {
    ...(service !== undefined && { service }),
    scope: `repository:${repository.path}:${actions}`
  }
  const request =
    credentials?.kind === 'identity-token'
      ? exchange(url, wanted, credentials.token)
      : query(url, wanted, credentials)
  const given = await http.request({
    ...request,
    service: `The token service of ${repository.host}`,
    attemptTimeout: ATTEMPT_TIMEOUT,
    accept: ANSWERS,
    maxBytes: MAX_BYTES,
    redirects: false
  })
  const answer = withoutEcho(given, request.secrets)
  // 400 is OAuth 2's for an identity token that is no longer valid (RFC 6749 §5.2)
  const status = credentials === undefined ? 403 : 400
  if (answer.status === 401 || answer.status === status) {
    throw unauthorized(repository, credentials !== undefined, answer)
  }
  if (answer.status !== 200) throw refused(repository, access, answer)
  return `Bearer ${read(answer, repository)}`
}

/** What is asked of the token service, and what of it must never be shown. */
type TokenRequest = Pick<HttpRequest, 'method' | 'url' | 'headers' | 'body'> & { secrets: string[] }

function query(
  url: URL,
  wanted: Record<string, string>,
  password: Parameters<typeof basic>[0] | undefined
): TokenRequest {
  for (const [name, value] of Object.entries(wanted)) url.searchParams.set(name, value)
  if (password === undefined) return { method: 'GET', url: url.href, secrets: [] }
  const authorization = basic(password)
  return {
    method: 'GET',
    url: url.href,
    headers: { authorization },
    secrets: secretsOf(authorization)
  }
}

function exchange(url: URL, wanted: Record<string, string>, token: string): TokenRequest {
  const form = { ...wanted, client_id: CLIENT, grant_type: 'refresh_token', refresh_token: token }
  return {
    method: 'POST',
    url: url.href,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(new URLSearchParams(form).toString()),
    secrets: [token]
  }
}

/** The value of the Authorization header for a name and password (RFC 7617). */
export function basic(credentials: { username: string; password: string }): string {
  const pair = `${credentials.username}:${credentials.password}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

function read(answer: HttpResponse, repository: Repository): string {
  let json: unknown
  try {
    json = JSON.parse(answer.body.toString('utf8'))
  } catch {
    // said below, without what it is
  }
  // for compatibility with OAuth 2.0 services may write either, or both
  const token = isObject(json) ? (json.token ?? json.access_token) : undefined
  if (typeof token !== 'string' || !TOKEN.test(token)) {
    throw unreadable(repository, 'its token service sent no token')
  }
  return token
}
