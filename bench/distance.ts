import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A service of this machine, as far away as one on the internet. */
export type Distance = { url: string; close: () => void }

/**
 * Passes connections to the service at `to`. What either side sends arrives half a round trip later, and a new
 * connection costs a whole one.
 * @param roundTrip milliseconds
 */
export async function openDistance(to: string, roundTrip: number): Promise<Distance> {
  const { hostname, port } = new URL(to)
  const sockets = new Set<Socket>()
  const pass = (from: Socket, other: Socket): void => {
    // Timers of the same length end in the order in which they began.
    const later = (send: () => void): void => {
      setTimeout(() => {
        if (!other.destroyed) send()
      }, roundTrip / 2)
    }
    from.setNoDelay()
    from.on('data', chunk => {
      later(() => other.write(chunk))
    })
    from.on('end', () => {
      later(() => other.end())
    })
    from.on('error', () => other.destroy())
    sockets.add(from)
    from.on('close', () => sockets.delete(from))
  }
  const server = createServer({ allowHalfOpen: true }, near => {
    void sleep(roundTrip).then(() => {
      const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
      pass(near, far)
      pass(far, near)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}
