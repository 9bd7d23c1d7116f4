import { type KeyObject, generateKeyPairSync, randomUUID, sign, verify } from 'node:crypto'
import { type Claims, ISSUER } from './claims.ts'
import { sha256, spki } from './certificate.ts'

/** The claims of an issued token: GitHub's, and what makes it a token. */
export type TokenClaims = Claims & { iss: string; aud: string; sub: string }

/** What an issued token may have wrong; a clock is off by `seconds`. */
export type TokenFlaw =
  { kind: 'expired-token' } | { kind: 'wrong-issuer' } | { kind: 'clock'; seconds: number }

/** Makes and checks RS256 tokens (RFC 7519), as GitHub's issuer and Fulcio do. */
export class TokenIssuer {
  readonly publicKey: KeyObject
  readonly keyId: string
  readonly #key: KeyObject

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    this.#key = privateKey
    this.publicKey = publicKey
    this.keyId = sha256(spki(publicKey)).toString('hex').slice(0, 40)
  }

  /** GitHub's tokens live for five minutes, and are valid from five minutes back. */
  issue(claims: Claims, audience: string, flaw?: TokenFlaw): string {
    const shift = flaw?.kind === 'clock' ? flaw.seconds : flaw?.kind === 'expired-token' ? -3600 : 0
    const now = Math.floor(Date.now() / 1000) + shift
    const header = { alg: 'RS256', typ: 'JWT', kid: this.keyId }
    const payload = {
      jti: randomUUID(),
      iss: flaw?.kind === 'wrong-issuer' ? 'https://issuer.sandbox.example' : ISSUER,
      aud: audience,
      iat: now,
      nbf: now - 300,
      exp: now + 300,
      ...claims
    }
    const text = [header, payload]
      .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), this.#key).toString('base64url')}`
  }

  /**
   * The claims of a token that Fulcio would take: our signature, audience `sigstore`, GitHub's
   * issuer or an enterprise's below it, in force now.
   * @throws Error for every other one
   */
  check(token: string): TokenClaims {
    const [header = '', payload = '', signature = '', ...rest] = token.split('.')
    const signed = Buffer.from(`${header}.${payload}`)
    const ours = verify('RSA-SHA256', signed, this.publicKey, Buffer.from(signature, 'base64url'))
    if (!ours || rest.length > 0) throw new Error('token: not signed by this issuer')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as TokenClaims
    const now = Date.now() / 1000
    const issuer = claims.iss
    if (issuer !== ISSUER && !/^\/[^/]+$/.test(issuer.replace(ISSUER, ''))) {
      throw new Error('token: unknown issuer')
    }
    if (claims.aud !== 'sigstore') throw new Error('token: other audience')
    // go-oidc gives five minutes of grace at the beginning, none at the end.
    if (Number(claims.exp) < now || Number(claims.nbf) - 300 > now)
      throw new Error('token: not in force')
    return claims
  }

  /** The JSON Web Key Set (RFC 7517). */
  keys(): unknown {
    const key = this.publicKey.export({ format: 'jwk' })
    return { keys: [{ ...key, kid: this.keyId, use: 'sig', alg: 'RS256' }] }
  }
}
