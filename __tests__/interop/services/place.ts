import { createServer } from 'node:net'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const PORTS = [
  ...['postgresql', 'trillian', 'trillian-http', 'signer', 'signer-http', 'ctlog', 'ctlog-metrics'],
  ...[
    'gateway',
    'fulcio',
    'fulcio-grpc',
    'fulcio-metrics',
    'rekor-v1',
    'rekor-v2',
    'rekor-v2-grpc'
  ],
  ...['rekor-v2-metrics', 'tsa', 'crane', 'registry', 'registry-basic', 'registry-bearer', 'tokens']
] as const
export type PortName = (typeof PORTS)[number]

/** Where the services of one start are. */
export type Place = {
  dir: string
  /** The path of a file of theirs. */
  file: (name: string) => string
  port: (name: PortName) => number
  /** Ids of the logs in Trillian, once they are made. */
  trees: { 'rekor-v1': string; ctlog: string }
}

export async function createPlace(dir: string): Promise<Place> {
  const ports = new Map<string, number>()
  for (const name of PORTS) ports.set(name, await freePort([...ports.values()]))
  return {
    dir,
    file: name => join(dir, name),
    port: name => ports.get(name) ?? 0,
    trees: { 'rekor-v1': '', ctlog: '' }
  }
}

/** Below the ports that the system gives to connections, or one of those could take it before us. */
async function freePort(taken: number[]): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000)
    if (!taken.includes(port) && (await isFree(port))) return port
  }
}

/** Waits until nobody has a port. @throws Error when that lasts for more than a minute */
export async function untilFree(port: number, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await isFree(port))) {
    signal.throwIfAborted()
    if (performance.now() > deadline) {
      throw new Error(`port ${port} is taken; are services of another run up?`)
    }
    await sleep(100)
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
