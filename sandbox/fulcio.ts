import { type KeyObject, generateKeyPairSync } from 'node:crypto'
import type { Authority } from './authority.ts'
import {
  certify,
  extension,
  keyIdentifiers,
  newSerial,
  pem,
  toBeSigned,
  usage
} from './certificate.ts'
import { type CtLog, createCtLog, sctExtension } from './ct-log.ts'
import * as der from './der.ts'
import type { Faults } from './faults.ts'
import { MissingClaim, fulcioExtensions, subjectAlternativeName } from './fulcio-extensions.ts'
import { type CertificateRequest, provenKey } from './proof-of-possession.ts'
import { type Request, Refusal, invalidArgument, json } from './server.ts'
import type { TokenClaims, TokenIssuer } from './token.ts'
import type { Handler } from './transport.ts'

const TEN_MINUTES = 10 * 60 * 1000

type Fulcio = { authority: Authority; ctLog: CtLog; issuer: TokenIssuer; faults: Faults }

type Body = CertificateRequest & { credentials?: { oidcIdentityToken?: string } }

function parse(body: Buffer): Body {
  try {
    const parsed: unknown = JSON.parse(body.toString())
    if (typeof parsed !== 'object' || parsed === null) throw new Error('not an object')
    return parsed
  } catch {
    throw invalidArgument('proto: syntax error: invalid value')
  }
}

/** In the body or, as cosign and sigstore-python send it, in the header. */
function identify({ issuer }: Fulcio, request: Request, body: Body): TokenClaims {
  const header = request.headers.authorization?.replace(/^Bearer /, '')
  try {
    return issuer.check(body.credentials?.oidcIdentityToken ?? header ?? '')
  } catch {
    // Fulcio logs the reason and tells nobody.
    throw invalidArgument('There was an error processing the identity token')
  }
}

function issue(fulcio: Fulcio, key: KeyObject, claims: TokenClaims): Buffer {
  const { authority, faults } = fulcio
  const now = faults.now('fulcio')
  const san = der.sequence(der.element(0x86, Buffer.from(subjectAlternativeName(claims))))
  const fields = {
    issuer: authority.name,
    subject: der.sequence(),
    notBefore: now,
    notAfter: new Date(now.getTime() + TEN_MINUTES),
    publicKey: key,
    serial: newSerial(),
    extensions: [
      usage.digitalSignature,
      usage.codeSigning,
      ...keyIdentifiers(key, authority.publicKey),
      // Critical, as the subject is empty (RFC 5280 §4.2.1.6).
      extension('2.5.29.17', san, true),
      ...fulcioExtensions(claims)
    ]
  }
  if (faults.take('fulcio', 'no-sct') !== undefined) return certify(fields, authority.key)
  const ctLog = faults.take('fulcio', 'wrong-sct') === undefined ? fulcio.ctLog : createCtLog()
  const precert = { toBeSigned: toBeSigned(fields, authority.key), issuer: authority.publicKey }
  const sct = sctExtension(ctLog.promise(precert, now))
  return certify({ ...fields, extensions: [...fields.extensions, sct] }, authority.key)
}

function certificateFor(fulcio: Fulcio, request: Request): Buffer {
  const body = parse(request.body)
  const claims = identify(fulcio, request, body)
  const proven = provenKey(body, claims.sub)
  const wrong = fulcio.faults.take('fulcio', 'wrong-certificate') !== undefined
  const key = wrong ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey : proven
  try {
    return issue(fulcio, key, claims)
  } catch (error) {
    if (error instanceof MissingClaim) throw invalidArgument(error.message)
    throw error
  }
}

/** Fulcio's v2 API. The leaf's PEM has no final newline, as the real one's. */
export function fulcioHandler(fulcio: Fulcio): Handler {
  const chain = fulcio.authority.chain.map(pem)
  return request => {
    if (request.method === 'GET' && request.path === '/api/v2/trustBundle') {
      return json(200, { chains: [{ certificates: chain }] })
    }
    if (request.method !== 'POST' || request.path !== '/api/v2/signingCert') {
      throw new Refusal(404, 'Not Found')
    }
    const certificates = [pem(certificateFor(fulcio, request)).trimEnd(), ...chain]
    return json(200, { signedCertificateEmbeddedSct: { chain: { certificates } } })
  }
}
