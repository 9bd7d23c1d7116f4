import { createServer } from 'node:http'
import { TLSSocket } from 'node:tls'
import { ISSUER } from '../../../sandbox/claims.ts'
import { createCertificate } from './keys.ts'
import type { Place } from './place.ts'

/**
 * A proxy by which Fulcio reaches our issuer under GitHub's name: tokens say GitHub's issuer, as the
 * certificates must, and Fulcio reads an issuer's keys from nowhere else. Whatever is asked for, over TLS
 * with a certificate in the file `gateway.crt`, is asked of the issuer at `oidc`.
 *
 * @returns what closes it
 */
export async function openGateway(place: Place, oidc: string): Promise<() => void> {
  const host = new URL(ISSUER).hostname
  const secret = { isServer: true, ...createCertificate(place, 'gateway', host) }
  const issuer = createServer((request, response) => {
    fetch(`${oidc}${request.url ?? '/'}`)
      .then(async answer => response.writeHead(answer.status).end(await answer.text()))
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  const proxy = createServer().on('connect', (_, socket) => {
    socket.on('error', () => socket.destroy())
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    issuer.emit('connection', new TLSSocket(socket, secret))
  })
  await new Promise<void>(resolve => proxy.listen(place.port('gateway'), '127.0.0.1', resolve))
  return () => {
    proxy.close()
    proxy.closeAllConnections()
  }
}
