import { createHash, generateKeyPairSync } from 'node:crypto'

import { p256 } from '@noble/curves/nist.js'

/** A P-256 key that lives as long as one certificate, in memory only. */
export type EphemeralKey = {
  publicKeyPem: string
  publicKeyDer: Buffer
  /** Signs bytes whose SHA-256 this is; the signature is DER. */
  signDigest(sha256: Uint8Array): Buffer
  /** Signs the SHA-256 of these bytes. */
  sign(bytes: Uint8Array): Buffer
}

/** Makes a new key pair. */
export function generateKey(): EphemeralKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const secret = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
  // node:crypto hashes whatever it signs; a file of any size is signed by its digest alone
  const signDigest = (sha256: Uint8Array): Buffer =>
    Buffer.from(
      p256.sign(sha256, secret, {
        prehash: false,
        // else the same content under the same key is the same entry, and Rekor answers 409
        extraEntropy: true,
        lowS: false,
        format: 'der'
      })
    )
  return {
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    publicKeyDer: publicKey.export({ type: 'spki', format: 'der' }),
    signDigest,
    sign: bytes => signDigest(createHash('sha256').update(bytes).digest())
  }
}
