import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { readCertificates, readChain } from '../../conformance/model-certificate.ts'
import { createCodeSigningAuthority } from '../../sandbox/authority.ts'
import { certify, extension, name, newSerial, pem, usage } from '../../sandbox/certificate.ts'
import * as der from '../../sandbox/der.ts'
import { parseBundle, type Bundle } from '../../src/trust/bundle.ts'

const DAY = 86_400_000
const ca = createCodeSigningAuthority()
const [intermediate, root] = ca.chain.map(each => new X509Certificate(each))
if (!intermediate || !root) throw new Error('no chain')
const keys = generateKeyPairSync('ec', { namedCurve: 'P-384' })

/** A certificate of our key by the intermediate, or by another authority. */
function certificate(
  o: { extensions?: Buffer[]; from?: number; to?: number; by?: typeof ca } = {}
): Buffer {
  const { extensions = [usage.digitalSignature, usage.codeSigning], by = ca } = o
  return certify(
    {
      issuer: by.name,
      subject: name('somebody', 'a signer'),
      notBefore: new Date(Date.now() + (o.from ?? -1) * DAY),
      notAfter: new Date(Date.now() + (o.to ?? 1) * DAY),
      publicKey: keys.publicKey,
      serial: newSerial(),
      extensions
    },
    by.key
  )
}

function bundleOf(material: object): Bundle {
  const bundle = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: material,
    dsseEnvelope: {
      payload: '',
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ sig: '' }]
    }
  }
  return parseBundle(JSON.stringify(bundle), 'a bundle')
}

const chained = (...chain: Buffer[]): Bundle => {
  const certificates = chain.map(each => ({ rawBytes: each.toString('base64') }))
  return bundleOf({ x509CertificateChain: { certificates } })
}

const honest = certificate()
const stranger = createCodeSigningAuthority()

describe('readChain', () => {
  it.each([
    ['a root, with the way to it in the bundle', chained(honest, intermediate.raw), [root]],
    ['a root that is in the bundle, too', chained(honest, intermediate.raw, root.raw), [root]],
    ['an authority below the root', chained(honest), [intermediate]],
    ['the certificate itself', chained(honest), [new X509Certificate(honest)]],
    [
      'one of several',
      chained(honest, intermediate.raw),
      [...stranger.chain.map(each => new X509Certificate(each)), root]
    ]
  ])('believes %s', (_, bundle, anchors) => {
    const read = readChain(bundle, anchors)
    expect(read.key.equals(keys.publicKey)).toBe(true)
    expect(read.bundle.verificationMaterial.content.$case).toBe('publicKey')
  })

  it.each<[string, string, Bundle]>([
    ['UNKNOWN_AUTHORITY', 'no way to an anchor', chained(honest)],
    [
      'UNKNOWN_AUTHORITY',
      "another authority's",
      chained(certificate({ by: stranger }), ...stranger.chain)
    ],
    [
      'UNKNOWN_AUTHORITY',
      'an authority that did not sign',
      chained(certificate({ by: { ...ca, key: stranger.key } }), intermediate.raw)
    ],
    [
      'UNKNOWN_AUTHORITY',
      'what has ended',
      chained(certificate({ from: -2, to: -1 }), intermediate.raw)
    ],
    [
      'UNKNOWN_AUTHORITY',
      'what has not begun',
      chained(certificate({ from: 1, to: 2 }), intermediate.raw)
    ],
    [
      'UNKNOWN_AUTHORITY',
      'the name of another authority',
      chained(certificate({ by: { ...ca, name: name('another', 'authority') } }), intermediate.raw)
    ],
    [
      'UNKNOWN_AUTHORITY',
      'an issuer that nobody made an authority',
      (() => {
        const by = { ...ca, name: name('somebody', 'a signer'), key: keys.privateKey }
        const issuer = certificate({ extensions: [usage.codeSigning] })
        return chained(certificate({ by }), issuer, intermediate.raw)
      })()
    ],
    [
      'UNKNOWN_AUTHORITY',
      'a signer that calls itself an authority and is none',
      (() => {
        const by = { ...ca, name: name('somebody', 'a signer'), key: keys.privateKey }
        return chained(certificate({ by }), honest, intermediate.raw)
      })()
    ],
    [
      'CERTIFICATE_NOT_CODE_SIGNING',
      'no purpose',
      chained(certificate({ extensions: [usage.digitalSignature] }), intermediate.raw)
    ],
    [
      'CERTIFICATE_NOT_CODE_SIGNING',
      'another purpose',
      chained(certificate({ extensions: [usage.timeStamping] }), intermediate.raw)
    ],
    [
      'CERTIFICATE_NOT_CODE_SIGNING',
      'another use',
      chained(
        certificate({
          extensions: [
            usage.certificateAndCrlSign,
            usage.codeSigning,
            extension('2.5.29.19', der.sequence(), true)
          ]
        }),
        intermediate.raw
      )
    ],
    ['BUNDLE_HAS_KEY', 'a key', bundleOf({ publicKey: { hint: 'a' } })],
    [
      'BUNDLE_HAS_CERTIFICATE',
      'the form of Sigstore',
      bundleOf({ certificate: { rawBytes: honest.toString('base64') } })
    ]
  ])('refuses with %s: %s', (code, _, bundle) => {
    expect(() => readChain(bundle, [root])).toThrow(expect.objectContaining({ code }))
  })
})

describe('readCertificates', () => {
  it('reads all of a text', () => {
    const text = `some words\n${pem(honest)}more words\n${ca.chain.map(pem).join('')}`
    expect(readCertificates(text).map(({ raw }) => raw)).toEqual([honest, ...ca.chain])
  })
})
