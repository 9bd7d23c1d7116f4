import { X509Certificate, createPrivateKey, randomUUID, sign } from 'node:crypto'
import { createServer } from 'node:http'
import { CREDENTIALS, USER } from './credentials.ts'
import { createCertificate } from './keys.ts'
import type { Place } from './place.ts'

/** What the tokens say, and the registry wants to read. */
export const TOKEN_SERVICE = { service: 'registry.example', issuer: 'tokens.example' }
/**
 * This machine, for the registry with tokens and for their server: go-containerregistry asks for no token at an address
 * of this machine, and oras at none but where the registry is.
 */
export const TOKEN_HOST = 'localhost'
/** The certificate that the registry trusts. */
export const TOKENS_CERTIFICATE = 'tokens.crt'
/** Seconds that a token lasts, the least that the specification allows. */
const LIFETIME = 60

/**
 * A token server as Docker's registry knows it (distribution.github.io/distribution/spec/auth/jwt): who gives the
 * user's name and password gets what was asked for, signed with the key of its certificate.
 *
 * @returns what closes it
 */
export async function openTokenServer(place: Place): Promise<() => void> {
  const { key, cert } = createCertificate(place, 'tokens', TOKEN_SERVICE.issuer)
  const privateKey = createPrivateKey(key)
  const x5c = [new X509Certificate(cert).raw.toString('base64')]

  const issue = (scopes: string[]): string => {
    const now = Math.floor(Date.now() / 1000)
    const { issuer: iss, service: aud } = TOKEN_SERVICE
    const time = { iat: now, nbf: now - 10, exp: now + LIFETIME }
    const access = scopes.map(accessOf)
    const claims = { iss, sub: USER, aud, ...time, jti: randomUUID(), access }
    const text = [{ typ: 'JWT', alg: 'ES256', x5c }, claims]
      .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = sign('sha256', Buffer.from(text), {
      ...{ key: privateKey, dsaEncoding: 'ieee-p1363' }
    })
    return `${text}.${signature.toString('base64url')}`
  }
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://tokens.example')
    const isAsked = pathname === '/token' && searchParams.get('service') === TOKEN_SERVICE.service
    if (!isAsked) response.writeHead(404).end()
    else if (request.headers.authorization !== `Basic ${CREDENTIALS}`) response.writeHead(401).end()
    else {
      // `scope=a&scope=b` and `scope=a b` are the same.
      const scopes = searchParams.getAll('scope').flatMap(scope => scope.split(' '))
      const answer = { token: issue(scopes), expires_in: LIFETIME }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    }
  })
  await new Promise<void>(resolve => server.listen(place.port('tokens'), '127.0.0.1', resolve))
  return () => {
    server.close()
    server.closeAllConnections()
  }
}

type Access = { type: string; name: string; actions: string[] }

/** `repository:o/app:pull,push`; a name may have a port, and so a colon, in it. */
function accessOf(scope: string): Access {
  const [type = '', ...rest] = scope.split(':')
  const actions = rest.pop()?.split(',') ?? []
  return { type, name: rest.join(':'), actions }
}
