import { createHash, generateKeyPairSync, sign, type KeyPairKeyObjectResult } from 'node:crypto'
import { dsse } from '@sigstore/core'
import { describe, expect, it } from '@jest/globals'
import { envelopeContent } from '../../src/trust/envelope.ts'

const envelope = { payloadType: 'application/x', payload: Buffer.from('what is said') }
const SIGNED = dsse.preAuthEncoding(envelope.payloadType, envelope.payload)

const pair = (namedCurve: string): KeyPairKeyObjectResult =>
  generateKeyPairSync('ec', { namedCurve })
const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest()

describe('envelopeContent', () => {
  it.each([
    ['P-256', 'sha256', true],
    ['P-256', 'sha384', false],
    ['P-384', 'sha384', true],
    ['P-384', 'sha256', true],
    ['P-384', 'sha512', false],
    ['P-521', 'sha512', true],
    ['P-521', 'sha256', true],
    ['P-521', 'sha384', false]
  ])('of a signature by %s over %s verifies: %j', (curve, hash, verifies) => {
    const { privateKey, publicKey } = pair(curve)
    const content = envelopeContent(envelope, sign(hash, SIGNED, privateKey))
    expect(content.verifySignature(publicKey)).toBe(verifies)
    expect(content.verifySignature(pair(curve).publicKey)).toBe(false)
  })

  it('of a signature by Ed25519 verifies', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const content = envelopeContent(envelope, sign(null, SIGNED, privateKey))
    expect(content.verifySignature(publicKey)).toBe(true)
  })

  it('does not verify for the payload alone, which has no type', () => {
    const { privateKey, publicKey } = pair('P-256')
    const content = envelopeContent(envelope, sign('sha256', envelope.payload, privateKey))
    expect(content.verifySignature(publicKey)).toBe(false)
  })

  it('compares with the signature and the digests, each with its own', () => {
    const signature = Buffer.from('a signature')
    const content = envelopeContent(envelope, signature)
    const [payload, pae] = [sha256(envelope.payload), sha256(SIGNED)]
    expect(content).toMatchObject({ signature, payload, pae })
    const compared = [signature, payload, pae].map(each => [
      content.compareSignature(each),
      content.compareDigest(each),
      content.compareSignedDigest(each)
    ])
    expect(compared).toEqual([
      [true, false, false],
      [false, true, false],
      [false, false, true]
    ])
  })
})
