import { STATUS_CODES } from 'node:http'

import { KeylessError } from '../errors.ts'
import type { Answer, AttemptError } from './attempt.ts'
import { explanation, place, seconds } from './words.ts'

/** A status as a sentence has it: `503 Service Unavailable`. */
export function status({ status }: Answer): string {
  return `${status} ${STATUS_CODES[status] ?? ''}`.trim()
}

/** A status that no further attempt would change, with the service's own explanation. */
export function refusal(service: string, url: URL, answer: Answer): KeylessError {
  return new KeylessError(
    'SERVICE_REFUSED',
    `${service} (${place(url)}) refused the request with ${status(answer)}: "${explanation(answer.body)}".`
  )
}

/** An outage that outlasted the deadline. `spent` is in milliseconds. */
export function unavailable(
  service: string,
  url: URL,
  { spent, attempts, last }: { spent: number; attempts: number; last: string }
): KeylessError {
  // the page that reports on public-good; it knows nothing of staging or of a private instance
  const page = url.hostname.endsWith('.sigstore.dev') ? ' See https://status.sigstore.dev.' : ''
  return new KeylessError(
    'SERVICE_UNAVAILABLE',
    `${service} (${place(url)}) stayed unavailable for ${seconds(spent)} (attempts: ${attempts}); ` +
      `${last}. Run again later, or allow a longer time.${page}`
  )
}

/** An outage that outlasted what the request was for. */
export function expired(service: string, url: URL, last: string): KeylessError {
  return new KeylessError(
    'REQUEST_EXPIRED',
    `${service} (${place(url)}) was not reached while it still mattered; ${last}.`
  )
}

/** A redirect that is not followed. `next` is null where the answer names no place. */
export function redirected(service: string, url: URL, next: URL | null, why: string): KeylessError {
  return new KeylessError(
    'SERVICE_REDIRECTED',
    `${service} (${place(url)}) redirects to ${next === null ? 'nowhere' : place(next)}, ${why}.`
  )
}

/** An attempt that ended in a way that no further attempt would change. */
export function broken(service: string, url: URL, error: AttemptError): KeylessError {
  if (error.kind === 'invalid') {
    return new KeylessError(
      'SERVICE_ANSWER_INVALID',
      `${service} (${place(url)}) answered with what cannot be read: ${error.message}.`
    )
  }
  return new KeylessError(
    'SERVICE_UNREACHABLE',
    `${service} (${place(url)}) cannot be reached: ${error.message}. Check its URL, the proxy settings, ` +
      'and, for a certificate of your own authority, NODE_EXTRA_CA_CERTS.'
  )
}
