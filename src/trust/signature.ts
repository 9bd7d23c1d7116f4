import type { KeyObject } from 'node:crypto'
import { p256, p384 } from '@noble/curves/nist.js'
import { crypto } from '@sigstore/core'
import { HashAlgorithm } from '@sigstore/protobuf-specs'
import type { MessageSignature } from '@sigstore/bundle'
import type { SignedEntity } from '@sigstore/verify'
import { KeylessError } from '../errors.ts'
import type { Digester, HashName } from './digester.ts'

const HASHES = new Map<HashAlgorithm, HashName>([
  [HashAlgorithm.SHA2_256, 'sha256'],
  [HashAlgorithm.SHA2_384, 'sha384'],
  [HashAlgorithm.SHA2_512, 'sha512']
])

type Curve = typeof p256

const CURVES = new Map<string | undefined, Curve>([
  ['prime256v1', p256],
  ['secp384r1', p384]
])

/** A message signature together with our own digest of the message. */
export type MessageContent = SignedEntity['signature'] & { algorithm: HashName; digest: Buffer }

/**
 * Binds a message signature to bytes of which only the digest is known: they may be many GiB, which
 * neither fit into memory nor into one call of OpenSSL. @sigstore/verify has all of its checks call
 * this in place of its own content, so every one of them is against our digest.
 *
 * @param bytes those that were hashed, where they are at hand: OpenSSL needs them, and is quicker by
 *   far than JavaScript, which takes the digest
 * @throws KeylessError DIGEST_MISMATCH, DIGEST_ALGORITHM
 */
export async function messageContent(
  message: MessageSignature,
  digest: Digester,
  bytes?: Buffer
): Promise<MessageContent> {
  const algorithm = HASHES.get(message.messageDigest.algorithm)
  if (!algorithm) {
    throw new KeylessError(
      'DIGEST_ALGORITHM',
      'The bundle names a digest algorithm other than SHA-256, SHA-384 and SHA-512.'
    )
  }
  const ours = Buffer.from(await digest(algorithm), 'hex')
  if (!ours.equals(message.messageDigest.digest)) {
    throw new KeylessError(
      'DIGEST_MISMATCH',
      `The bundle is the signature of something else: it was made for ${algorithm} ${message.messageDigest.digest.toString('hex').slice(0, 128)}, what was given has ${ours.toString('hex')}.`
    )
  }
  const { signature } = message
  let asked: { key: KeyObject; answer: boolean } | undefined
  return {
    algorithm,
    digest: ours,
    signature,
    compareSignature: other => other.equals(signature),
    compareDigest: other => other.equals(ours),
    compareSignedDigest: other => other.equals(ours),
    // Asked for twice, by us and by the library, and slow in JavaScript.
    verifySignature: key => {
      if (!asked?.key.equals(key)) {
        const curve = curveOf(key)
        const answer = bytes
          ? crypto.verify(bytes, key, signature, algorithm)
          : verifyDigest(curve, key, ours, signature)
        asked = { key, answer }
      }
      return asked.answer
    }
  }
}

// Asked also where OpenSSL, which knows more, verifies: a file's size must not decide.
function curveOf(key: KeyObject): Curve {
  const curve = CURVES.get(key.asymmetricKeyDetails?.namedCurve)
  if (curve) return curve
  throw new KeylessError(
    'KEY_UNSUPPORTED',
    `The signature was made with a key of type ${key.asymmetricKeyType ?? 'secret'}; only ECDSA on P-256 and P-384 can be verified.`
  )
}

// node:crypto cannot verify ECDSA over a digest. High-S signatures are as valid as low-S ones:
// half of what everybody signs has a high S. What is no DER it takes for a wrong signature.
function verifyDigest(curve: Curve, key: KeyObject, digest: Buffer, signature: Buffer): boolean {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const point = Buffer.concat([
    Buffer.of(4),
    Buffer.from(x, 'base64url'),
    Buffer.from(y, 'base64url')
  ])
  return curve.verify(signature, digest, point, { prehash: false, lowS: false, format: 'der' })
}
