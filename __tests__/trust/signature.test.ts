import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { HashAlgorithm } from '@sigstore/protobuf-specs'
import { messageContent } from '../../src/trust/signature.ts'
import { digestOf, FILE } from './instance.ts'

describe('messageContent', () => {
  it.each([
    ['P-256', 'sha256', HashAlgorithm.SHA2_256],
    ['P-384', 'sha384', HashAlgorithm.SHA2_384],
    ['P-256', 'sha512', HashAlgorithm.SHA2_512]
  ])(
    'verifies a signature by %s over %s for its own key alone',
    async (namedCurve, hash, algorithm) => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
      const { publicKey: other } = generateKeyPairSync('ec', { namedCurve })
      const digest = Buffer.from(await digestOf(FILE)(hash as 'sha256'), 'hex')
      const message = {
        messageDigest: { algorithm, digest },
        signature: sign(hash, FILE, privateKey)
      }
      const content = await messageContent(message, digestOf(FILE))
      // Asked again, as the library does: what was found for one key is not the answer for another.
      expect(
        [publicKey, publicKey, other, publicKey].map(key => content.verifySignature(key))
      ).toEqual([true, true, false, true])
    }
  )

  it('takes what is no DER for a wrong signature', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const digest = Buffer.from(await digestOf(FILE)('sha256'), 'hex')
    const messageDigest = { algorithm: HashAlgorithm.SHA2_256, digest }
    const content = await messageContent(
      { messageDigest, signature: Buffer.from('x') },
      digestOf(FILE)
    )
    expect(content.verifySignature(publicKey)).toBe(false)
  })
})
