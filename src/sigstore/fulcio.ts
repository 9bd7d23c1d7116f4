import { X509Certificate } from 'node:crypto'

import { KeylessError } from '../errors.ts'
import type { Http } from '../http.ts'
import { explanation } from '../http/words.ts'
import type { IdentityToken } from './identity.ts'
import { isObject } from '../json.ts'
import { readObject, unreadable, type Json } from './json.ts'
import type { EphemeralKey } from './key.ts'

const SERVICE = 'Fulcio'
const ATTEMPT_TIMEOUT = 20_000

export type Certificate = { der: Buffer; notBefore: Date; notAfter: Date }

/**
 * Gets a certificate for `key` and the identity in `token` (Fulcio's API v2, signingCert). Of the chain
 * only the leaf is kept: whoever verifies has the rest from a trusted root, and no bundle carries it.
 * Errors: FULCIO_REFUSED_TOKEN (400), SERVICE_ANSWER_INVALID, those of Http.
 */
export async function requestCertificate(
  http: Http,
  url: string,
  token: IdentityToken,
  key: EphemeralKey
): Promise<Certificate> {
  const response = await http.request({
    service: SERVICE,
    method: 'POST',
    url: `${url.replace(/\/$/, '')}/api/v2/signingCert`,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: Buffer.from(
      JSON.stringify({
        credentials: { oidcIdentityToken: token.raw },
        publicKeyRequest: {
          publicKey: { algorithm: 'ECDSA', content: key.publicKeyPem },
          proofOfPossession: key.sign(Buffer.from(token.subject)).toString('base64')
        }
      })
    ),
    attemptTimeout: ATTEMPT_TIMEOUT,
    accept: [200, 201, 400]
  })
  if (response.status === 400) {
    throw new KeylessError(
      'FULCIO_REFUSED_TOKEN',
      `Fulcio refused the token with 400: "${explanation(response.body)}". It takes tokens from the issuers it ` +
        `knows (this one is from ${token.issuer}), for the audience "sigstore", until they expire after some minutes.`
    )
  }
  return leaf(readObject(response, SERVICE), key)
}

function leaf(answer: Json, key: EphemeralKey): Certificate {
  // detached: from an instance without a certificate transparency log that embeds; whether an SCT is
  // required is for the trusted root to say, when the bundle is verified
  const signed = answer.signedCertificateEmbeddedSct ?? answer.signedCertificateDetachedSct
  const chain = isObject(signed) && isObject(signed.chain) ? signed.chain.certificates : undefined
  const pem: unknown = Array.isArray(chain) ? chain[0] : undefined
  if (typeof pem !== 'string') throw unreadable(SERVICE, 'it holds no certificate')

  const certificate = parse(pem)
  const publicKey = certificate.publicKey.export({ type: 'spki', format: 'der' })
  if (!publicKey.equals(key.publicKeyDer)) {
    throw unreadable(SERVICE, 'the certificate is for another key than the one that asked')
  }
  return {
    der: certificate.raw,
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate
  }
}

function parse(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    throw unreadable(SERVICE, 'its certificate cannot be parsed')
  }
}
