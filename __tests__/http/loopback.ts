import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Log, Time } from '../../src/http.ts'

/** A service on loopback that answers as a test says, and remembers what it was asked. */
export type Loopback = {
  url: string
  port: number
  requests: IncomingMessage[]
  server: Server
  close(): Promise<void>
}

/** Starts a service; each request takes the next of `answers`, and the last one stays. */
export async function listen(...answers: RequestListener[]): Promise<Loopback> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)]
    requests.push(request)
    answer?.(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    server,
    close: () =>
      new Promise(resolve => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      })
  }
}

/** Answers with a status, a body and headers. */
export function answer(
  status: number,
  body = '',
  headers: Record<string, string> = {}
): RequestListener {
  return (request, response) => {
    request.resume().on('end', () => response.writeHead(status, headers).end(body))
  }
}

/** A clock that only waiting moves, dice that always fall the same way, and the waits that were asked for. */
export function fakeTime(dice = 1): Time & { waits: number[]; pass(milliseconds: number): void } {
  let now = 0
  const waits: number[] = []
  return {
    waits,
    now: () => now,
    random: () => dice,
    pass: milliseconds => {
      now += milliseconds
    },
    sleep: milliseconds => {
      waits.push(milliseconds)
      now += milliseconds
      return Promise.resolve()
    }
  }
}

/** A log that remembers its lines, each with its level. */
export function fakeLog(): Log & { lines: string[] } {
  const lines: string[] = []
  const at = (level: string) => (message: string) => {
    lines.push(`${level}: ${message}`)
  }
  return { lines, debug: at('debug'), info: at('info'), warning: at('warning') }
}
