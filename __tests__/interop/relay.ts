import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds: a condition that is not met by then never will be. */
const PATIENCE = 30_000

/** A place in front of a service, where a test sees what passes and says when. */
export type Relay = {
  url: string
  /** The body of each request, in the order in which they came. */
  asked: string[]
  /** How many of them the service answered. */
  answered: () => number
  /** How many found nobody listening. */
  refused: () => number
  close: () => void
}

/** Keeps a request back until it resolves; `count` is 1 for the first. */
export type Hold = (count: number, body: string) => Promise<unknown>

/**
 * Passes requests to the service at `to`, and its answers back. What the service does not answer, the client
 * sees as a connection that breaks.
 */
export async function openRelay(to: string, hold: Hold = () => Promise.resolve()): Promise<Relay> {
  const asked: string[] = []
  let answered = 0
  let refused = 0

  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request)
    await hold(asked.push(body), body)
    const { method = 'GET', url = '' } = request
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    const init = { method, headers, body: method === 'GET' ? null : body }
    try {
      const answer = await fetch(`${to}${url}`, init)
      const content = await answer.text()
      answered += 1
      response.writeHead(answer.status, Object.fromEntries(without(answer.headers))).end(content)
    } catch (error) {
      if (codeOf(error) === 'ECONNREFUSED') refused += 1
      request.socket.resetAndDestroy()
    }
  }
  const server = createServer((request, response) => {
    pass(request, response).catch(() => request.socket.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answered: () => answered,
    refused: () => refused,
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}

/** Waits until something is so. @throws Error that says what never was */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${PATIENCE} ms`)
    await sleep(5)
  }
}

/** The headers that are about the answer, and not about how it came. */
const without = (headers: Headers): [string, string][] =>
  [...headers].filter(([name]) => ['content-type', 'location', 'retry-after'].includes(name))

/** fetch keeps the reason in the cause, and not `instanceof Error`: jest's realm has another. */
const codeOf = (error: unknown): unknown =>
  (error as { cause?: { code?: unknown } } | undefined)?.cause?.code
