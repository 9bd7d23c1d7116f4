import type { HttpResponse } from '../http.ts'

/**
 * An answer to a request that carried secrets, fit to be quoted: a refusal that repeats them, as they are or
 * within the Authorization header, says `***` in their place. Any other answer is left as it is.
 */
export function withoutEcho(answer: HttpResponse, secrets: readonly string[]): HttpResponse {
  if (answer.status < 400) return answer
  const hide = (text: string): string =>
    secrets.reduce((rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, '***')), text)
  return { ...answer, body: Buffer.from(hideIn(answer.body.toString('utf8'), hide)) }
}

/** In JSON a secret may be written with escapes, which whoever quotes it undoes. */
function hideIn(text: string, hide: (text: string) => string): string {
  try {
    return JSON.stringify(
      JSON.parse(text, (_, value: unknown) => (typeof value === 'string' ? hide(value) : value))
    )
  } catch {
    return hide(text)
  }
}

/** The secrets in the value of an Authorization header: token, or password alone and with its user. */
export function secretsOf(authorization: string): string[] {
  const [scheme, value = ''] = authorization.split(' ')
  if (scheme !== 'Basic') return [value]
  const pair = Buffer.from(value, 'base64').toString('utf8')
  return [value, pair.slice(pair.indexOf(':') + 1)]
}
