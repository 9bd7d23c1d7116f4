import type { Bundle } from '@sigstore/bundle'
import { bundleFromJSON } from '@sigstore/bundle'
import { describe, expect, it } from '@jest/globals'

import { messageBundle, serializeBundle, statementBundle } from '../../src/sigstore/bundle.ts'

const signature = Buffer.from('signature')
const certificate = Buffer.from('certificate')

function witnessed(bundle: Bundle): Bundle {
  bundle.verificationMaterial.tlogEntries = [
    {
      logIndex: '0',
      logId: { keyId: Buffer.from('log') },
      kindVersion: { kind: 'hashedrekord', version: '0.0.1' },
      integratedTime: '1',
      inclusionPromise: { signedEntryTimestamp: Buffer.from('set') },
      inclusionProof: {
        logIndex: '0',
        treeSize: '1',
        rootHash: Buffer.from('root'),
        hashes: [],
        checkpoint: { envelope: 'checkpoint' }
      },
      canonicalizedBody: Buffer.from('body')
    }
  ]
  bundle.verificationMaterial.timestampVerificationData = {
    rfc3161Timestamps: [{ signedTimestamp: Buffer.from('stamp') }]
  }
  return bundle
}

const ENTRY = {
  logIndex: '0',
  logId: { keyId: 'bG9n' },
  kindVersion: { kind: 'hashedrekord', version: '0.0.1' },
  integratedTime: '1',
  inclusionPromise: { signedEntryTimestamp: 'c2V0' },
  inclusionProof: {
    logIndex: '0',
    treeSize: '1',
    rootHash: 'cm9vdA==',
    hashes: [],
    checkpoint: { envelope: 'checkpoint' }
  },
  canonicalizedBody: 'Ym9keQ=='
}
const MATERIAL = {
  certificate: { rawBytes: 'Y2VydGlmaWNhdGU=' },
  tlogEntries: [ENTRY],
  timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: 'c3RhbXA=' }] }
}

describe('serializeBundle', () => {
  it('writes a message signature, whole, with what protobuf leaves out of the first entry of a log', () => {
    const sha256 = Buffer.alloc(32, 1)
    const text = serializeBundle(witnessed(messageBundle({ sha256, signature, certificate })))
    expect(JSON.parse(text)).toStrictEqual({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: MATERIAL,
      messageSignature: {
        messageDigest: { algorithm: 'SHA2_256', digest: sha256.toString('base64') },
        signature: 'c2lnbmF0dXJl'
      }
    })
  })

  it('writes a statement', () => {
    const payload = Buffer.from('{}')
    const text = serializeBundle(witnessed(statementBundle({ payload, signature, certificate })))
    expect(JSON.parse(text)).toStrictEqual({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: MATERIAL,
      dsseEnvelope: {
        payload: 'e30=',
        payloadType: 'application/vnd.in-toto+json',
        signatures: [{ sig: 'c2lnbmF0dXJl' }]
      }
    })
  })

  it('writes what other readers read back', () => {
    const sha256 = Buffer.alloc(32, 1)
    const bundle = witnessed(messageBundle({ sha256, signature, certificate }))
    expect(bundleFromJSON(JSON.parse(serializeBundle(bundle)))).toEqual(bundle)
  })

  it('writes an entry of Rekor v2 without what that has not', () => {
    const bundle = witnessed(messageBundle({ sha256: Buffer.alloc(32, 1), signature, certificate }))
    const [entry] = bundle.verificationMaterial.tlogEntries
    if (entry === undefined) throw new Error('no entry')
    const kindVersion = { kind: 'hashedrekord', version: '0.0.2' }
    bundle.verificationMaterial.tlogEntries = [
      { ...entry, kindVersion, integratedTime: '0', inclusionPromise: undefined }
    ]
    const rest: Record<string, unknown> = { ...ENTRY, kindVersion }
    delete rest.integratedTime
    delete rest.inclusionPromise
    expect(JSON.parse(serializeBundle(bundle))).toMatchObject({
      verificationMaterial: { tlogEntries: [rest] }
    })
    expect(serializeBundle(bundle)).not.toMatch(/null|integratedTime|inclusionPromise/)
  })

  it('writes a bundle without log entry, as instances without a log have it', () => {
    const bundle = witnessed(
      statementBundle({ payload: Buffer.from('{}'), signature, certificate })
    )
    bundle.verificationMaterial.tlogEntries = []
    expect(serializeBundle(bundle)).not.toContain('null')
  })
})
