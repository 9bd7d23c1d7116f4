import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { legacyAnnotations } from '../../src/statements/legacy-annotations.ts'
import { parseBundle } from '../../src/trust/bundle.ts'
import { at, textAt, type Json } from '../trust/edit.ts'
import { Instance, statement, type Differences } from '../trust/instance.ts'

const instance = new Instance()
const ENTRY = 'verificationMaterial.tlogEntries.0'

function sign(o: Differences = {}): { json: Json; annotations: Record<string, string> } {
  const json = instance.sign(o)
  return { json, annotations: legacyAnnotations(parseBundle(JSON.stringify(json), 'b')) }
}

describe('legacyAnnotations', () => {
  it('says what the bundle says, as cosign 3.1 writes it', () => {
    const { json, annotations } = sign()
    const keyId = Buffer.from(textAt(json, `${ENTRY}.logId.keyId`), 'base64').toString('hex')
    const stamps = 'verificationMaterial.timestampVerificationData.rfc3161Timestamps'
    expect(annotations).toEqual({
      'dev.cosignproject.cosign/signature': at(json, 'messageSignature.signature'),
      'dev.sigstore.cosign/certificate': expect.stringMatching(
        /^-----BEGIN CERTIFICATE-----\n([\w+/]{64}\n)+[\w+/=]{1,64}\n-----END CERTIFICATE-----\n$/
      ),
      'dev.sigstore.cosign/chain': '',
      'dev.sigstore.cosign/bundle':
        `{"SignedEntryTimestamp":"${textAt(json, `${ENTRY}.inclusionPromise.signedEntryTimestamp`)}",` +
        `"Payload":{"body":"${textAt(json, `${ENTRY}.canonicalizedBody`)}",` +
        `"integratedTime":${textAt(json, `${ENTRY}.integratedTime`)},"logIndex":1002,"logID":"${keyId}"}}`,
      'dev.sigstore.cosign/rfc3161timestamp': `{"SignedRFC3161Timestamp":"${textAt(json, `${stamps}.0.signedTimestamp`)}"}`
    })
    const leaf = new X509Certificate(annotations['dev.sigstore.cosign/certificate'] ?? '')
    expect(leaf.raw.toString('base64')).toBe(at(json, 'verificationMaterial.certificate.rawBytes'))
  })

  it('leaves out a timestamp where there is none', () => {
    expect(sign({ timestamp: false }).annotations).not.toHaveProperty([
      'dev.sigstore.cosign/rfc3161timestamp'
    ])
  })

  it.each(['v2', 'none'] as const)('LEGACY_NEEDS_REKOR_V1: log %s', log => {
    expect(() => sign({ log })).toThrow(expect.objectContaining({ code: 'LEGACY_NEEDS_REKOR_V1' }))
  })

  it('is for signatures of payloads alone', () => {
    expect(() => sign({ statement: statement() })).toThrow(TypeError)
  })
})
