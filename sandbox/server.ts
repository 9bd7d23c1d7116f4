import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Request = {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: Buffer
}

export type Answer = { status: number; headers?: Record<string, string>; body?: string | Buffer }

/** One request as it was received. */
export type RequestRecord = {
  service: string
  method: string
  path: string
  /** 0 while there is no answer, and for good when there never was one. */
  status: number
  /** Milliseconds since the epoch. */
  at: number
  /** The client's port: requests of one connection share it. */
  port?: number
  /** Whether a secret of the sandbox was anywhere in the request. */
  secret: boolean
}

export type Exchange = { request: Request; record: RequestRecord; response: ServerResponse }

export type Listener = { url: string; close(): void }

/** An error that the service answers with, in its own words. */
export class Refusal extends Error {
  readonly status: number
  /** In the body: the status again, or gRPC's number for it where a gateway answers. */
  readonly code: number

  constructor(status: number, message: string, code = status) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** gRPC's INVALID_ARGUMENT, as Fulcio's gateway answers it. */
export const invalidArgument = (message: string): Refusal => new Refusal(400, message, 3)

export const json = (status: number, value: unknown, headers?: Record<string, string>): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value)
})

async function read(message: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  const url = new URL(message.url ?? '/', 'http://127.0.0.1')
  return {
    method: message.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: message.headers,
    body: Buffer.concat(chunks)
  }
}

/** Sends a whole answer. */
export function send({ record, response }: Exchange, answer: Answer): void {
  record.status = answer.status
  const body = Buffer.from(answer.body ?? '')
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length })
  response.end(body)
}

/**
 * Listens on a free loopback port and hands over each request, read in full.
 * @param seen is told of each request as it comes, and may look for secrets in it
 */
export async function listen(
  service: string,
  seen: (record: RequestRecord, request: Request) => void,
  handle: (exchange: Exchange) => Promise<void>
): Promise<Listener> {
  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const at = Date.now()
    const request = await read(message)
    const { remotePort: port } = message.socket
    const record: RequestRecord = {
      service,
      method: request.method,
      path: message.url ?? '/',
      status: 0,
      at,
      ...(port === undefined ? {} : { port }),
      secret: false
    }
    seen(record, request)
    await handle({ request, record, response })
  }
  const server = createServer((message, response) => {
    answer(message, response).catch((error: unknown) => {
      // The client went away in the middle of its request, or the sandbox has a defect.
      if (!response.destroyed) console.error(service, error)
      response.destroy()
    })
  })
  // Longer than any client waits between two requests, or keep-alive looks broken.
  server.keepAliveTimeout = 60_000
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}
