import { type KeyObject, createPublicKey, verify } from 'node:crypto'
import { ASN1Obj } from '@sigstore/core'
import { invalidArgument } from './server.ts'

export type CertificateRequest = {
  certificateSigningRequest?: string
  publicKeyRequest?: { publicKey?: { content?: string }; proofOfPossession?: string }
}

const HASHES: Record<string, string> = {
  prime256v1: 'sha256',
  secp384r1: 'sha384',
  secp521r1: 'sha512'
}

/** The hash that Fulcio takes for the key: by curve, none for Ed25519. */
function hashOf(key: KeyObject): string | null {
  if (key.asymmetricKeyType === 'ed25519') return null
  return HASHES[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 'sha256'
}

type SigningRequest = { key: KeyObject; signed: Buffer; signature: Buffer }

/** PKCS#10 (RFC 2986). */
function parseSigningRequest(encoded: string): SigningRequest {
  const text = Buffer.from(encoded, 'base64').toString()
  const body = Buffer.from(text.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  try {
    const [info, , signature] = ASN1Obj.parseBuffer(body).subs
    const subjectPublicKeyInfo = info?.subs[2]
    if (!info || !signature || !subjectPublicKeyInfo) throw new Error('not a signing request')
    return {
      key: createPublicKey({ key: subjectPublicKeyInfo.toDER(), format: 'der', type: 'spki' }),
      signed: info.toDER(),
      // The first octet of a BIT STRING counts unused bits.
      signature: signature.value.subarray(1)
    }
  } catch {
    throw invalidArgument('The certificate signing request could not be parsed')
  }
}

function parseKey(content: string | undefined): KeyObject {
  try {
    return createPublicKey(content ?? '')
  } catch {
    throw invalidArgument('The public key supplied in the request could not be parsed')
  }
}

/**
 * The key to certify, whose owner signed either the token's subject or a signing request.
 * @throws Refusal in Fulcio's words
 */
export function provenKey(request: CertificateRequest, subject: string): KeyObject {
  const { publicKey, proofOfPossession = '' } = request.publicKeyRequest ?? {}
  const { key, signed, signature } =
    request.certificateSigningRequest === undefined
      ? {
          key: parseKey(publicKey?.content),
          signed: Buffer.from(subject),
          signature: Buffer.from(proofOfPossession, 'base64')
        }
      : parseSigningRequest(request.certificateSigningRequest)
  if (!verify(hashOf(key), signed, key, signature)) {
    throw invalidArgument('The signature supplied in the request could not be verified')
  }
  return key
}
