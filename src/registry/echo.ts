import type { HttpResponse } from '../http.ts'

/**
 * An answer to a request that carried secrets, fit to be quoted: a refusal that repeats them, as they are or
 * within the Authorization header, says `***` in their place. Any other answer is left as it is.
 */
export function withoutEcho(answer: HttpResponse, secrets: readonly string[]): HttpResponse {
  if (answer.status < 400) return answer
  let text = answer.body.toString('utf8')
  for (const secret of secrets) if (secret !== '') text = text.replaceAll(secret, '***')
  return { ...answer, body: Buffer.from(text) }
}

/** The secrets in the value of an Authorization header: token, or password alone and with its user. */
export function secretsOf(authorization: string): string[] {
  const [scheme, value = ''] = authorization.split(' ')
  if (scheme !== 'Basic') return [value]
  const pair = Buffer.from(value, 'base64').toString('utf8')
  return [value, pair.slice(pair.indexOf(':') + 1)]
}
