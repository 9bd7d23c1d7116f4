import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { COMMITTED, EARLY, type Fault, type Faults, LATE, type ServiceName } from './faults.ts'
import { type Answer, type Exchange, type Request, Refusal, json, send } from './server.ts'

export type Handler = (request: Request) => Answer | Promise<Answer>

/** What a faulty answer may need to know of the sandbox around it. */
export type Surroundings = {
  faults: Faults
  /** Where `redirect` sends clients. */
  elsewhere: () => string
  /** The secret that a request carries, or else the newest there is. */
  secretOf: (request: Request) => string
  /** Milliseconds before every answer. */
  latency: () => number
}

const HALF_A_GIGABYTE = 2 ** 29

/** Rekor, Fulcio and the TSA all put their errors into this form. */
function refuse(error: unknown): Answer {
  if (!(error instanceof Refusal)) {
    console.error('the sandbox has a defect:', error)
    return json(500, { code: 500, message: String(error) })
  }
  return json(error.status, { code: error.code, message: error.message })
}

function* filler(): Generator<Buffer> {
  const chunk = Buffer.alloc(2 ** 16, 'x')
  yield Buffer.from('{"filler":"')
  for (let sent = 0; sent < HALF_A_GIGABYTE; sent += chunk.length) yield chunk
  yield Buffer.from('"}')
}

async function flood({ record, request, response }: Exchange): Promise<void> {
  record.status = request.method === 'POST' ? 201 : 200
  response.writeHead(record.status, { 'content-type': 'application/json' })
  await pipeline(Readable.from(filler()), response)
}

async function drip(
  { record, response }: Exchange,
  answer: Answer,
  seconds: number
): Promise<void> {
  record.status = answer.status
  const body = Buffer.from(answer.body ?? '')
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length })
  for (const byte of body) {
    if (response.destroyed) return
    response.write(Buffer.from([byte]))
    await sleep(seconds * 1000)
  }
  response.end()
}

function reset({ record, response }: Exchange, answer: Answer): void {
  record.status = answer.status
  const body = Buffer.from(answer.body ?? '')
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length })
  response.write(body.subarray(0, body.length / 2))
  // Let the half arrive, or the reset overtakes it and looks like a refused connection.
  setTimeout(() => response.socket?.resetAndDestroy(), 20)
}

function fail(exchange: Exchange, fault: Fault): void {
  const { status = 500, message = 'sandbox fault', headers } = fault
  send(exchange, json(status, { code: status, message }, headers))
}

/** Answers in place of the service, which never learns of the request. */
async function intercept(
  exchange: Exchange,
  fault: Fault & { kind: (typeof EARLY)[number] },
  { elsewhere, secretOf }: Surroundings
): Promise<void> {
  const { request } = exchange
  const headers = fault.headers ?? {}
  switch (fault.kind) {
    case 'echo-token': {
      const echo = secretOf(request)
      const message = `cannot process identity token ${echo}`
      send(exchange, json(fault.status ?? 400, { code: 3, message }, { 'x-echo': echo }))
      return
    }
    case 'redirect':
      send(exchange, {
        status: fault.status ?? 307,
        headers: { ...headers, location: `${elsewhere()}${exchange.record.path}` }
      })
      return
    case 'garbage':
      send(exchange, {
        status: fault.status ?? (request.method === 'POST' ? 201 : 200),
        headers: { 'content-type': 'application/json', ...headers },
        body: '<html><body>It works!</body></html>'
      })
      return
    case 'huge':
      await flood(exchange)
      return
    case 'timeout':
      return
    case 'unreachable':
      exchange.response.socket?.destroy()
      return
    case 'status':
      fail(exchange, fault)
  }
}

/** A service on the wire: its handler, and the faults before and after it. */
export function withFaults(
  service: ServiceName,
  handler: Handler,
  around: Surroundings
): (exchange: Exchange) => Promise<void> {
  const { faults } = around
  return async exchange => {
    const { request } = exchange
    const latency = around.latency()
    if (latency > 0) await sleep(latency)
    const slow = faults.takeFor(request, service, 'slow')
    if (slow !== undefined) await sleep((slow.seconds ?? 1) * 1000)
    const early = faults.takeFor(request, service, ...EARLY)
    if (early !== undefined) {
      await intercept(exchange, early, around)
      return
    }
    const answer = await Promise.resolve(request).then(handler).catch(refuse)
    const changes = !['GET', 'HEAD'].includes(request.method)
    const late = faults.takeFor(request, service, ...LATE, ...(changes ? COMMITTED : []))
    switch (late?.kind) {
      case 'reset':
        reset(exchange, answer)
        return
      case 'drip':
        await drip(exchange, answer, late.seconds ?? 0.2)
        return
      case 'commit-then-500':
        fail(exchange, late)
        return
      case 'commit-then-timeout':
        return
      case undefined:
        send(exchange, answer)
    }
  }
}
