import { describe, expect, it } from '@jest/globals'
import type { TransparencyLogEntry } from '@sigstore/bundle'
import { pem } from '../../sandbox/certificate.ts'
import { checkLogBody, type LogVersion, type Recorded } from '../../src/trust/log-body.ts'
import { drop, put, type Edit, type Json } from './edit.ts'
import { refusal } from './refusal.ts'

const SIGNATURE = Buffer.from('a signature')
const DER = Buffer.from('a certificate')
const MESSAGE = { algorithm: 'sha256', value: Buffer.from('digest of the message') }
const PAYLOAD = { algorithm: 'sha256', value: Buffer.from('digest of the payload') }
const PAE = { algorithm: 'sha256', value: Buffer.from('digest of the PAE') }

const base64 = (data: Buffer | string): string => Buffer.from(data).toString('base64')
const PEM = base64(pem(DER))
const raw = { x509Certificate: { rawBytes: base64(DER) } }
const hash = ({ value }: typeof MESSAGE): Json => ({
  algorithm: 'sha256',
  value: value.toString('hex')
})
const hash2 = ({ value }: typeof MESSAGE): Json => ({
  algorithm: 'SHA2_256',
  digest: base64(value)
})

const message: Recorded = {
  content: 'messageSignature',
  signature: SIGNATURE,
  digests: { message: MESSAGE, payload: undefined, pae: undefined },
  verifier: { certificate: DER }
}
const envelope: Recorded = {
  ...message,
  content: 'dsseEnvelope',
  digests: { message: undefined, payload: PAYLOAD, pae: PAE }
}

/** Kind, spec, what it records, and where in the spec the signature, the digest and the verifier are. */
type Kind = [string, LogVersion, Json, Recorded, [string, string, string, string]]

const hashedrekord = (digest: typeof MESSAGE): Json => ({
  hashedRekordV002: {
    data: hash2(digest),
    signature: { content: base64(SIGNATURE), verifier: raw }
  }
})
const V2 = [
  'hashedRekordV002.signature.content',
  'hashedRekordV002.data.digest',
  'hashedRekordV002.data.algorithm',
  'hashedRekordV002.signature.verifier.x509Certificate.rawBytes'
] satisfies Kind[4]

const KINDS: Kind[] = [
  [
    'hashedrekord 0.0.1',
    'v1',
    {
      data: { hash: hash(MESSAGE) },
      signature: { content: base64(SIGNATURE), publicKey: { content: PEM } }
    },
    message,
    ['signature.content', 'data.hash.value', 'data.hash.algorithm', 'signature.publicKey.content']
  ],
  [
    'dsse 0.0.1',
    'v1',
    {
      payloadHash: hash(PAYLOAD),
      signatures: [{ signature: base64(SIGNATURE), verifier: PEM }]
    },
    envelope,
    [
      'signatures.0.signature',
      'payloadHash.value',
      'payloadHash.algorithm',
      'signatures.0.verifier'
    ]
  ],
  [
    'intoto 0.0.2',
    'v1',
    {
      content: {
        envelope: { signatures: [{ sig: base64(base64(SIGNATURE)), publicKey: PEM }] },
        payloadHash: hash(PAYLOAD)
      }
    },
    envelope,
    [
      'content.envelope.signatures.0.sig',
      'content.payloadHash.value',
      'content.payloadHash.algorithm',
      'content.envelope.signatures.0.publicKey'
    ]
  ],
  ['hashedrekord 0.0.2', 'v2', hashedrekord(MESSAGE), message, V2],
  ['hashedrekord 0.0.2', 'v2', hashedrekord(PAE), envelope, V2],
  [
    'dsse 0.0.2',
    'v2',
    {
      dsseV002: {
        payloadHash: hash2(PAYLOAD),
        signatures: [{ content: base64(SIGNATURE), verifier: raw }]
      }
    },
    envelope,
    [
      'dsseV002.signatures.0.content',
      'dsseV002.payloadHash.digest',
      'dsseV002.payloadHash.algorithm',
      'dsseV002.signatures.0.verifier.x509Certificate.rawBytes'
    ]
  ]
]

function check(name: string, spec: unknown, recorded: Recorded, ...edits: Edit[]): LogVersion {
  const [kind = '', version = ''] = name.split(' ')
  const body = structuredClone({ spec }) as Json
  for (const edit of edits) edit(body)
  const entry = {
    kindVersion: { kind, version },
    canonicalizedBody: Buffer.from(JSON.stringify(body))
  } as TransparencyLogEntry
  return checkLogBody(entry, recorded)
}

describe.each(KINDS)('%s of %s', (name, version, spec, recorded, paths) => {
  const [signature, digest, algorithm, verifier] = paths
  const found = (...edits: Edit[]): (() => LogVersion) => {
    return () => check(name, spec, recorded, ...edits)
  }

  it('is read', () => {
    expect(found()()).toBe(version)
  })

  it.each([
    ['LOG_BODY_SIGNATURE', signature],
    ['LOG_BODY_DIGEST', digest],
    ['LOG_BODY_DIGEST', algorithm],
    ['LOG_BODY_KEY', verifier]
  ])('is refused with %s for another %s', (code, path) => {
    expect(found(put(`spec.${path}`, base64('another')))).toThrow(refusal(code))
  })

  it.each(paths)('is refused without %s, or with none that is text', path => {
    const words = `has no ${path.replace(/\.0\b/, '.[0]')} in its body`
      .replace(/hashedRekordV002.signature.verifier.(x509Certificate)/, '$1')
      .replace(/dsseV002.signatures.\[0\].verifier.(x509Certificate)/, '$1')
    for (const edit of [drop(`spec.${path}`), put(`spec.${path}`, ''), put(`spec.${path}`, 5)]) {
      expect(found(edit)).toThrow(refusal('LOG_ENTRY_INVALID'))
      expect(found(edit)).toThrow(words)
    }
  })

  it.each([null, [], 'x'])('is refused with the spec %j', other => {
    expect(found(put('spec', other))).toThrow(refusal('LOG_ENTRY_INVALID'))
  })

  it('does not record the digest of something else of the same bundle', () => {
    const wrong = { message: PAE, payload: MESSAGE, pae: PAYLOAD }
    expect(() => check(name, spec, { ...recorded, digests: wrong })).toThrow(
      refusal('LOG_BODY_DIGEST')
    )
  })

  it('is not by a key of the same bytes', () => {
    expect(() => check(name, spec, { ...recorded, verifier: { key: DER } })).toThrow(
      refusal('LOG_BODY_KEY')
    )
  })

  it('is read with a key, which no certificate of the same bytes is', () => {
    const own =
      version === 'v1'
        ? put(`spec.${verifier}`, (old: unknown) => {
            const text = Buffer.from(String(old), 'base64').toString()
            return base64(text.replaceAll('CERTIFICATE', 'PUBLIC KEY'))
          })
        : put(`spec.${verifier.replace('.x509Certificate.rawBytes', '')}`, {
            publicKey: { rawBytes: base64(DER) }
          })
    expect(check(name, spec, { ...recorded, verifier: { key: DER } }, own)).toBe(version)
    expect(() =>
      check(name, spec, { ...recorded, verifier: { key: Buffer.from('x') } }, own)
    ).toThrow(refusal('LOG_BODY_KEY'))
    expect(found(own)).toThrow(refusal('LOG_BODY_KEY'))
  })
})

it.each<[string, Recorded]>([
  ['hashedrekord 0.0.1', envelope],
  ['dsse 0.0.1', message],
  ['intoto 0.0.2', message],
  ['dsse 0.0.2', message],
  ['hashedrekord 0.0.3', message],
  ['rpm 0.0.1', message],
  ['toString ', message]
])('LOG_ENTRY_KIND: %s for a %j', (name, recorded) => {
  const entry = (): LogVersion => check(name, {}, recorded)
  expect(entry).toThrow(refusal('LOG_ENTRY_KIND'))
  expect(entry).toThrow(`is of the kind "${name}", which does not record what the bundle holds`)
})

it.each<[string, unknown]>([
  ['a body that is no object', null],
  ['an object in place of a list', { spec: { signatures: { 0: { signature: 'AAAA' } } } }]
])('LOG_ENTRY_INVALID: %s', (_, body) => {
  const entry = {
    kindVersion: { kind: 'dsse', version: '0.0.1' },
    canonicalizedBody: Buffer.from(JSON.stringify(body))
  } as TransparencyLogEntry
  expect(() => checkLogBody(entry, envelope)).toThrow(refusal('LOG_ENTRY_INVALID'))
})
