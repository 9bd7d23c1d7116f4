import http, { type IncomingHttpHeaders } from 'node:http'
import https from 'node:https'

import { seconds } from './words.ts'

/** Node's own limit of 16 KiB is below what some registries and gateways send. fetch cannot raise it. */
const MAX_HEADER_BYTES = 65536

/**
 * Transport failures that may be over in a moment (research/reliability.md §4.3). An unknown host and
 * a certificate that is not trusted stay as they are however often one asks.
 */
const TRANSIENT = new Set(['ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN'])
export const TRANSIENT_STATUS = new Set([408, 425, 429, 500, 502, 503, 504])

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH'

export type Attempt = {
  url: URL
  method: Method
  headers: Record<string, string>
  body: Uint8Array | undefined
  /** Milliseconds until the last byte of the answer must be here, however steadily it drips. */
  timeout: number
  maxBytes: number
}

export type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer }

/** Why an attempt brought no answer. The message is made here, not taken from outside. */
export class AttemptError extends Error {
  readonly kind: 'transient' | 'unreachable' | 'invalid'

  constructor(kind: AttemptError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

/** Makes attempts over connections that stay open between them. */
export function createAttempts(): (attempt: Attempt) => Promise<Answer> {
  // A custom agent does not see http.setGlobalProxyFromEnv(): it has to be given the environment.
  const remote = new https.Agent({
    keepAlive: true,
    proxyEnv: process.env,
    // NODE_TLS_REJECT_UNAUTHORIZED=0, set by some earlier step, must not reach the token's way out
    rejectUnauthorized: true
  })
  // Loopback is never asked through a proxy: plain http would carry the token across the network.
  const loopback = {
    'http:': new http.Agent({ keepAlive: true }),
    'https:': new https.Agent({ keepAlive: true, rejectUnauthorized: true })
  }
  return attempt => {
    if (!isLoopback(attempt.url)) return make(attempt, https, remote)
    return attempt.url.protocol === 'https:'
      ? make(attempt, https, loopback['https:'])
      : make(attempt, http, loopback['http:'])
  }
}

/** Whether a URL's host is this machine by its very name or address. */
export function isLoopback(url: URL): boolean {
  const host = url.hostname
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function make(
  { url, method, headers, body, timeout, maxBytes }: Attempt,
  client: typeof http | typeof https,
  agent: http.Agent
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = client.request(url, {
      agent,
      method,
      headers: {
        'user-agent': 'keyless-sign',
        ...headers,
        // A compressed answer could unfold without bound (rekor's CVE-2026-48702).
        'accept-encoding': 'identity',
        ...(body !== undefined && { 'content-length': String(body.length) })
      },
      maxHeaderSize: MAX_HEADER_BYTES
    })
    const fail = (error: AttemptError): void => {
      clearTimeout(timer)
      reject(error)
      request.destroy()
    }
    const timer = setTimeout(() => {
      fail(new AttemptError('transient', `no complete answer within ${seconds(timeout)}`))
    }, timeout)

    request.on('error', error => {
      fail(describe(error))
    })
    request.on('response', response => {
      const encoding = response.headers['content-encoding'] ?? 'identity'
      if (encoding !== 'identity') {
        fail(new AttemptError('invalid', 'an encoded body although none was asked for'))
        return
      }
      const chunks: Buffer[] = []
      let length = 0
      response.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > maxBytes) {
          fail(new AttemptError('invalid', `more than the ${maxBytes} bytes that are taken`))
        } else {
          chunks.push(chunk)
        }
      })
      response.on('error', error => {
        fail(describe(error))
      })
      response.on('end', () => {
        clearTimeout(timer)
        const { statusCode = 0, headers } = response
        resolve({ status: statusCode, headers, body: Buffer.concat(chunks) })
      })
    })
    request.end(body)
  })
}

/** Says what a transport error is by its code alone: texts of libraries may hold URLs and headers. */
function describe(error: Error): AttemptError {
  // with several addresses for a host, all attempts failed, each in its own way
  const all = 'errors' in error && Array.isArray(error.errors) ? error.errors : [error]
  const codes = all.map(codeOf)
  const code = codes.find(each => TRANSIENT.has(each)) ?? codes[0] ?? ''
  if (TRANSIENT.has(code)) return new AttemptError('transient', `no answer (${code})`)
  if (code === 'ERR_PROXY_TUNNEL') {
    const status = 'statusCode' in error ? Number(error.statusCode) : 0
    const kind = TRANSIENT_STATUS.has(status) ? 'transient' : 'unreachable'
    return new AttemptError(kind, `the proxy answered ${status}`)
  }
  if (code === 'ENOTFOUND') return new AttemptError('unreachable', 'no such host (ENOTFOUND)')
  if (code.startsWith('HPE_')) {
    return new AttemptError('invalid', `not HTTP, or headers too large (${code})`)
  }
  return new AttemptError('unreachable', `no connection (${code})`)
}

function codeOf(error: unknown): string {
  // not `instanceof Error`: Node's own errors may be of another realm
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' && /^\w{1,50}$/.test(code) ? code : 'unknown error'
}
