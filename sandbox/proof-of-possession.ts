import { type KeyObject, createPublicKey, verify } from 'node:crypto'
import { ASN1Obj } from '@sigstore/core'
import { Refusal } from './server.ts'

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

/** PKCS#10 (RFC 2986): the key, once the request's own signature proves that its owner asks. */
function fromSigningRequest(encoded: string): KeyObject {
  const text = Buffer.from(encoded, 'base64').toString()
  const body = text.replaceAll(/-----[^-]+-----|\s/g, '')
  const [info, , signature] = ASN1Obj.parseBuffer(Buffer.from(body, 'base64')).subs
  const subjectPublicKeyInfo = info?.subs[2]
  if (!info || !signature || !subjectPublicKeyInfo) {
    throw new Refusal(400, 'The certificate signing request could not be parsed')
  }
  const key = createPublicKey({ key: subjectPublicKeyInfo.toDER(), format: 'der', type: 'spki' })
  // The first octet of a BIT STRING counts unused bits.
  if (!verify(hashOf(key), info.toDER(), key, signature.value.subarray(1))) {
    throw new Refusal(400, 'The signature supplied in the request could not be verified')
  }
  return key
}

function parseKey(content: string | undefined): KeyObject {
  try {
    return createPublicKey(content ?? '')
  } catch {
    throw new Refusal(400, 'The public key supplied in the request could not be parsed')
  }
}

/**
 * The key to certify, whose owner signed either the token's subject or a signing request.
 * @throws Refusal in Fulcio's words
 */
export function provenKey(request: CertificateRequest, subject: string): KeyObject {
  if (request.certificateSigningRequest !== undefined) {
    return fromSigningRequest(request.certificateSigningRequest)
  }
  const { publicKey, proofOfPossession = '' } = request.publicKeyRequest ?? {}
  const key = parseKey(publicKey?.content)
  const proof = Buffer.from(proofOfPossession, 'base64')
  if (!verify(hashOf(key), Buffer.from(subject), key, proof)) {
    throw new Refusal(400, 'The signature supplied in the request could not be verified')
  }
  return key
}
