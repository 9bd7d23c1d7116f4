import type { IncomingHttpHeaders } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import { KeylessError } from './errors.ts'
import {
  AttemptError,
  TRANSIENT_STATUS,
  createAttempts,
  isLoopback,
  type Answer,
  type Attempt,
  type Method
} from './http/attempt.ts'
import { broken, expired, redirected, refusal, status, unavailable } from './http/failures.ts'
import { place, seconds } from './http/words.ts'

/** What the layers below the doors say while they work. */
export type Log = {
  debug(message: string): void
  info(message: string): void
  warning(message: string): void
}

export type HttpRequest = {
  /** Whom it asks, as messages name it: `Fulcio`. */
  service: string
  method: Method
  url: string
  headers?: Record<string, string>
  body?: Uint8Array
  /** Milliseconds that one attempt may take, to the last byte of its answer. */
  attemptTimeout: number
  /** The statuses that are answers to the caller; any other is retried or an error. */
  accept: readonly number[]
  /** Whether an answer is one to the caller by what it says, whatever its status is good for. */
  isAnswer?: (answer: HttpResponse) => boolean
  /** Statuses that mean "not yet" for this request, besides those that always do. */
  notYet?: readonly number[]
  /** The most bytes of an answer that are taken; 1 MiB when left out. */
  maxBytes?: number
  /** Whether a redirect may be followed, by a method that can; true when left out. */
  redirects?: boolean
  /** When the request stops being worth making, on the clock of the deadline: REQUEST_EXPIRED. */
  expires?: number
}

export type HttpResponse = { status: number; headers: IncomingHttpHeaders; body: Buffer }

/** A client bound to one overall deadline. */
export type Http = { request(request: HttpRequest): Promise<HttpResponse> }

/** The clock (monotonic, milliseconds), the dice and the waiting of the retries. */
export type Time = {
  now(): number
  random(): number
  sleep(milliseconds: number): Promise<unknown>
}

/** Time as it passes. */
export const TIME: Time = { now: () => performance.now(), random: Math.random, sleep }

const MIB = 1024 * 1024
const FIRST_DELAY = 500
const LONGEST_DELAY = 20_000
const LONGEST_RETRY_AFTER = 60_000
const MOST_REDIRECTS = 3
const REDIRECTS = new Set([301, 302, 303, 307, 308])
const SAFE: ReadonlySet<Method> = new Set(['GET', 'HEAD'])

/**
 * Makes the way out to Sigstore services and registries (research/reliability.md §4.3): https only,
 * loopback excepted; every attempt and every answer bounded; what may pass is retried, with full jitter
 * and as Retry-After asks, until `deadline`; only GET and HEAD follow redirects, since a body may be a
 * token. A PATCH is made once: it adds to what is there, and nobody knows whether a lost one did.
 * Proxies are taken from the environment.
 *
 * Errors: SERVICE_URL_INSECURE, SERVICE_UNREACHABLE, SERVICE_UNAVAILABLE, SERVICE_REFUSED,
 * SERVICE_REDIRECTED, SERVICE_ANSWER_INVALID, REQUEST_EXPIRED. None holds a URL's query or user part,
 * nor any long piece of what a service answered.
 *
 * @param options.deadline milliseconds on the clock of `performance.now()`; no attempt outlives it
 */
export function createHttp(options: { deadline: number; log: Log; time?: Time }): Http {
  const { deadline, log, time = TIME } = options
  const attempt = createAttempts()
  const announced = new Set<string>()

  return {
    async request(request) {
      const url = secureUrl(request.url, request.service)
      const { service, expires = Infinity } = request
      const started = time.now()
      const gaveUp = (attempts: number, last: string): KeylessError =>
        unavailable(service, url, { spent: time.now() - started, attempts, last })

      let last = 'the time was over before it was asked'
      for (let attempts = 0; ;) {
        if (time.now() >= deadline) throw gaveUp(attempts, last)
        if (time.now() >= expires) throw expired(service, url, last)
        attempts += 1
        let retryAfter = 0
        try {
          const timeout = Math.min(
            request.attemptTimeout,
            deadline - time.now(),
            expires - time.now()
          )
          const answer = await follow(attempt, request, url, timeout)
          if (request.accept.includes(answer.status) || request.isAnswer?.(answer)) return answer
          const wait =
            TRANSIENT_STATUS.has(answer.status) || request.notYet?.includes(answer.status)
          if (wait !== true) throw refusal(service, url, answer)
          last = `its last answer was ${status(answer)}`
          retryAfter = parseRetryAfter(answer.headers['retry-after'])
        } catch (error) {
          if (!(error instanceof AttemptError)) throw error
          if (error.kind !== 'transient') throw broken(service, url, error)
          last = `the last attempt ended with ${error.message}`
        }

        const remaining = request.method === 'PATCH' ? 0 : deadline - time.now()
        if (remaining < Math.max(FIRST_DELAY, retryAfter)) throw gaveUp(attempts, last)
        const delay =
          retryAfter > 0
            ? retryAfter + time.random() * FIRST_DELAY
            : backoff(attempts, time, remaining)
        const message = `${service}: ${last}; trying again in ${seconds(delay)}`
        if (announced.has(service)) log.debug(message)
        else log.info(message)
        announced.add(service)
        await time.sleep(Math.min(delay, Math.max(0, expires - time.now())))
      }
    }
  }
}

/**
 * How long to wait after so many attempts in vain, in milliseconds. Full jitter: many clients that failed
 * together must not come back together.
 */
export function backoff(attempts: number, time: Time, most = LONGEST_DELAY): number {
  return time.random() * Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (attempts - 1), most)
}

/**
 * Parses the URL of a service and insists on https, loopback excepted.
 * Error: SERVICE_URL_INSECURE.
 */
export function secureUrl(text: string, service: string): URL {
  const url = URL.parse(text)
  if (url === null) {
    throw new KeylessError(
      'SERVICE_URL_INSECURE',
      `The URL of ${service} is not a URL; give one with https.`
    )
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) return url
  throw new KeylessError(
    'SERVICE_URL_INSECURE',
    `The URL of ${service} is ${place(url)}, which is not https; only loopback may go without.`
  )
}

async function follow(
  attempt: (attempt: Attempt) => Promise<Answer>,
  request: HttpRequest,
  start: URL,
  timeout: number
): Promise<Answer> {
  const { service, method, body, maxBytes = MIB, redirects = true } = request
  const end = performance.now() + timeout
  let { headers = {} } = request
  let url = start
  for (let hops = 0; ; hops++) {
    const left = Math.max(1, end - performance.now())
    const answer = await attempt({ url, method, headers, body, timeout: left, maxBytes })
    if (!REDIRECTS.has(answer.status)) return answer

    const next = URL.parse(answer.headers.location ?? '', url)
    const refuse = (why: string): KeylessError => redirected(service, url, next, why)
    if (!redirects || !SAFE.has(method)) {
      throw refuse('which a request that carries a secret does not follow')
    }
    if (next?.protocol !== url.protocol) throw refuse('which is not the same scheme')
    if (hops === MOST_REDIRECTS) throw refuse(`after ${MOST_REDIRECTS} redirects already`)
    secureUrl(next.href, service)
    // Any header of the caller's may be a credential, and it was meant for the host that was named.
    if (next.host !== url.host)
      headers = headers.accept === undefined ? {} : { accept: headers.accept }
    url = next
  }
}

/** Milliseconds that a Retry-After header asks for (RFC 9110 §10.2.3), at most a minute. */
function parseRetryAfter(value: string | undefined): number {
  if (value === undefined) return 0
  const wait = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(wait) ? 0 : Math.min(Math.max(wait, 0), LONGEST_RETRY_AFTER)
}
