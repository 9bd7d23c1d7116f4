/**
 * Text that came from outside (a service's answer, an error of a library), made fit for a message: one
 * line, at most `limit` characters, no control or bidirectional characters, no query or user part of
 * a URL, and no run of characters long enough to be a piece of a token: a service may repeat the token
 * that it was sent, and the runner masks only the whole of it.
 */
export function fromOutside(text: string, limit = 200): string {
  const line = text
    .slice(0, 16 * limit)
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .replace(/\/\/[^\s/@]*@/g, '//')
    .replace(/(\/\/[^\s?"']*)\?[^\s"']*/g, '$1')
    .replace(/[\w+=-]{24,}/g, '…')
    .trim()
  return line.length > limit ? `${line.slice(0, limit)}…` : line
}

/** A URL as messages name it: without user, password, query and fragment. */
export function place(url: URL): string {
  return url.origin + url.pathname
}

/** Bytes in which a service explains itself. */
export const LONGEST = 64 * 1024

/** The explanation in a refusal's body: `message` or `error` of a JSON object, else the text itself. */
export function explanation(body: Buffer): string {
  const text = body.toString('utf8', 0, LONGEST)
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json === 'object' && json !== null) {
      const { message, error } = json as Record<string, unknown>
      if (typeof message === 'string') return fromOutside(message)
      if (typeof error === 'string') return fromOutside(error)
    }
  } catch {
    // not JSON: a proxy or gateway answers in HTML or plain text
  }
  return fromOutside(text)
}

/** A duration for a sentence, from milliseconds. */
export function seconds(milliseconds: number): string {
  return milliseconds < 1000
    ? `${Math.round(milliseconds)} ms`
    : `${Math.round(milliseconds / 1000)} s`
}
