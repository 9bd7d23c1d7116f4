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
      for (const bytes of [undefined, FILE]) {
        const content = await messageContent(message, digestOf(FILE), bytes)
        // Asked again, as the library does: what was found for one key is not the answer for another.
        expect(
          [publicKey, publicKey, other, publicKey].map(key => content.verifySignature(key))
        ).toEqual([true, true, false, true])
      }
    }
  )

  it.each([
    ['the digest alone', undefined],
    ['the bytes', FILE]
  ])('takes what is no DER for a wrong signature, given %s', async (_, bytes) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const content = await messageContent(
      { messageDigest: await messageDigest(), signature: Buffer.from('x') },
      digestOf(FILE),
      bytes
    )
    expect(content.verifySignature(publicKey)).toBe(false)
  })

  it.each([
    ['the digest alone', undefined],
    ['the bytes', FILE]
  ])('refuses a key that is not on one of the two curves, given %s', async (_, bytes) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const content = await messageContent(
      { messageDigest: await messageDigest(), signature: sign('sha256', FILE, privateKey) },
      digestOf(FILE),
      bytes
    )
    expect(() => content.verifySignature(publicKey)).toThrow('only ECDSA on P-256 and P-384')
  })

  it('believes no bytes other than those of the digest', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const content = await messageContent(
      { messageDigest: await messageDigest(), signature: sign('sha256', FILE, privateKey) },
      digestOf(FILE),
      Buffer.from('others')
    )
    expect(content.verifySignature(publicKey)).toBe(false)
  })
})

async function messageDigest(): Promise<{ algorithm: HashAlgorithm; digest: Buffer }> {
  const digest = Buffer.from(await digestOf(FILE)('sha256'), 'hex')
  return { algorithm: HashAlgorithm.SHA2_256, digest }
}
