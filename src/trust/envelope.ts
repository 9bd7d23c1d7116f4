import type { KeyObject } from 'node:crypto'
import { crypto, dsse } from '@sigstore/core'
import type { SignedEntity } from '@sigstore/verify'
import type { Envelope } from './statement.ts'

/** A DSSE signature together with SHA-256 digests of the payload and of what is signed, its PAE. */
export type EnvelopeContent = SignedEntity['signature'] & { payload: Buffer; pae: Buffer }

// As the public key details in sigstore_common.proto pair them, and OMS v1.0 §4.2.
const HASHES = new Map<string | undefined, string>([
  ['secp384r1', 'sha384'],
  ['secp521r1', 'sha512']
])

/** The signature of an envelope, in place of @sigstore/verify's, which knows SHA-256 alone. */
export function envelopeContent(envelope: Envelope, signature: Buffer): EnvelopeContent {
  const signed = dsse.preAuthEncoding(envelope.payloadType, envelope.payload)
  const payload = crypto.digest('sha256', envelope.payload)
  const pae = crypto.digest('sha256', signed)
  return {
    signature,
    payload,
    pae,
    compareSignature: other => other.equals(signature),
    compareDigest: other => other.equals(payload),
    compareSignedDigest: other => other.equals(pae),
    verifySignature: key => hashesFor(key).some(hash => crypto.verify(signed, key, signature, hash))
  }
}

// cosign signs with SHA-256 whatever the curve, and OpenSSL verifies with it where none is named.
function hashesFor(key: KeyObject): (string | undefined)[] {
  return [...new Set([HASHES.get(key.asymmetricKeyDetails?.namedCurve), undefined])]
}
