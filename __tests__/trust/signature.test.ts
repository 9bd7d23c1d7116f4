import { createSecretKey, generateKeyPairSync, sign } from 'node:crypto'
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

  it('verifies once, however often it is asked about one key', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    let exported = 0
    const exportKey = publicKey.export.bind(publicKey) as (o: object) => unknown
    Object.assign(publicKey, {
      export: (o: object) => {
        exported += 1
        return exportKey(o)
      }
    })
    const signature = sign('sha256', FILE, privateKey)
    const message = { messageDigest: await messageDigest(), signature }
    const content = await messageContent(message, digestOf(FILE))
    expect([1, 2].map(() => content.verifySignature(publicKey))).toEqual([true, true])
    expect(exported).toBe(1)
  })

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
    ['rsa', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey],
    ['ec', generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey],
    ['secret', createSecretKey(Buffer.alloc(32))]
  ])('refuses a key that is not on one of the two curves: %s', async (type, key) => {
    const message = { messageDigest: await messageDigest(), signature: Buffer.from('x') }
    for (const bytes of [undefined, FILE]) {
      const content = await messageContent(message, digestOf(FILE), bytes)
      expect(() => content.verifySignature(key)).toThrow(
        expect.objectContaining({
          code: 'KEY_UNSUPPORTED',
          message: `The signature was made with a key of type ${type}; only ECDSA on P-256 and P-384 can be verified.`
        })
      )
    }
  })

  it('compares with the signature and with our digest', async () => {
    const signature = Buffer.from('a signature')
    const message = { messageDigest: await messageDigest(), signature }
    const content = await messageContent(message, digestOf(FILE))
    const { digest } = message.messageDigest
    expect(content).toMatchObject({ algorithm: 'sha256', digest, signature })
    const compared = [signature, digest].map(each => [
      content.compareSignature(each),
      content.compareDigest(each),
      content.compareSignedDigest(each)
    ])
    expect(compared).toEqual([
      [true, false, false],
      [false, true, true]
    ])
  })

  it('refuses another digest, and tells both', async () => {
    const digest = Buffer.alloc(65, 0xab)
    const messageDigest = { algorithm: HashAlgorithm.SHA2_256, digest }
    const ours = await digestOf(FILE)('sha256')
    await expect(
      messageContent({ messageDigest, signature: Buffer.from('x') }, digestOf(FILE))
    ).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: `The bundle is the signature of something else: it was made for sha256 ${'ab'.repeat(64)}, what was given has ${ours}.`
    })
  })

  it('refuses another algorithm', async () => {
    const { digest } = await messageDigest()
    const algorithm = HashAlgorithm.HASH_ALGORITHM_UNSPECIFIED
    await expect(
      messageContent(
        { messageDigest: { algorithm, digest }, signature: Buffer.from('x') },
        digestOf(FILE)
      )
    ).rejects.toMatchObject({
      code: 'DIGEST_ALGORITHM',
      message: 'The bundle names a digest algorithm other than SHA-256, SHA-384 and SHA-512.'
    })
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
