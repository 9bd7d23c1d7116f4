import { describe, expect, it } from '@jest/globals'
import { parseBundle, parseBundles } from '../../src/trust/bundle.ts'
import { all, at, drop, put, type Edit } from './edit.ts'
import { Instance, statement } from './instance.ts'
import { refusal } from './refusal.ts'

const instance = new Instance()
const message = JSON.stringify(instance.sign())
const envelope = JSON.stringify(instance.sign({ statement: statement() }))
const V01 = 'application/vnd.dev.sigstore.bundle+json;version=0.1'
const STAMPS = 'verificationMaterial.timestampVerificationData.rfc3161Timestamps'
const V02 = 'application/vnd.dev.sigstore.bundle+json;version=0.2'

function read(edit: Edit, of = message): unknown {
  const bundle = JSON.parse(of) as Record<string, unknown>
  edit(bundle)
  return parseBundle(JSON.stringify(bundle), 'b.json')
}

const wrapped = (base64: string): string => base64.replace(/.{76}/g, '$&\n')
const times =
  (count: number) =>
  (old: unknown): unknown[] =>
    Array<unknown>(count).fill(Array.isArray(old) ? old[0] : old)

describe('parseBundle', () => {
  it.each<[string, Edit]>([
    ['numbers for int64', put('entry.logIndex', 1002)],
    ['no index where it is 0, as Go writes', drop('entry.logIndex')],
    ['null for no promise, as Rekor v2 answers', put('entry.inclusionPromise', null)],
    [
      'null for no timestamps, as npm serves',
      put('verificationMaterial.timestampVerificationData', null)
    ],
    ['no timestamps', drop('verificationMaterial.timestampVerificationData')],
    ['wrapped base64', put('entry.canonicalizedBody', wrapped)],
    ['32 entries', put('verificationMaterial.tlogEntries', times(32))],
    ['32 timestamps', put(STAMPS, times(32))],
    ['SHA-384', put('messageSignature.messageDigest.algorithm', 'SHA2_384')],
    ['SHA-512', put('messageSignature.messageDigest.algorithm', 'SHA2_512')],
    ['v0.1 with a promise alone', all(put('mediaType', V01), drop('entry.inclusionProof'))],
    ['v0.1 with a proof alone', all(put('mediaType', V01), drop('entry.inclusionPromise'))]
  ])('reads %s', (_, change) => {
    expect(() => read(change)).not.toThrow()
  })

  it('takes a missing index for 0', () => {
    expect(at(read(drop('entry.logIndex')), 'entry.logIndex')).toBe('0')
  })

  it.each([
    'application/vnd.dev.sigstore.bundle+json;version=0.4',
    'application/vnd.dev.sigstore.bundle.v0.3+json ',
    'application/vnd.dev.sigstore.bundle.v0.3+json-x',
    'application/vnd.dev.sigstore.bundle+json;version=0.1.1',
    'application/vnd.dev.sigstore.bundle.v0.2+json',
    'toString',
    ['application/vnd.dev.sigstore.bundle.v0.3+json'],
    '',
    null,
    3
  ])('refuses the media type %j', mediaType => {
    expect(() => read(put('mediaType', mediaType))).toThrow(refusal('BUNDLE_MEDIA_TYPE'))
  })

  it.each<[string, string, Edit]>([
    ['UNKNOWN_FIELD', 'at the top', put('x', 1)],
    ['UNKNOWN_FIELD', 'of the material', put('verificationMaterial.x', 1)],
    ['UNKNOWN_FIELD', 'of an entry', put('entry.x', 1)],
    ['UNKNOWN_FIELD', 'in another case', put('entry.log_index', '1')],
    ['UNKNOWN_FIELD', 'of a checkpoint', put('entry.inclusionProof.checkpoint.x', 1)],
    [
      'UNKNOWN_FIELD',
      'called __proto__',
      b => {
        Object.defineProperty(b, '__proto__', { value: 1, enumerable: true })
      }
    ],
    ['FIELD_INVALID', 'negative', put('entry.logIndex', '-1')],
    ['FIELD_INVALID', 'no number', put('entry.logIndex', '1e3')],
    ['FIELD_INVALID', 'a fraction', put('entry.integratedTime', 1.5)],
    ['FIELD_INVALID', 'with a leading zero', put('entry.inclusionProof.treeSize', '01')],
    ['FIELD_INVALID', 'null', put('entry.inclusionProof', null)],
    ['FIELD_INVALID', 'missing', drop('entry.logId')],
    ['FIELD_INVALID', 'long', put('entry.inclusionProof.checkpoint.envelope', 'x'.repeat(65_537))],
    ['FIELD_INVALID', 'a number for text', put('entry.kindVersion.kind', 3)],
    ['FIELD_INVALID', 'missing material', drop('verificationMaterial')],
    ['FIELD_INVALID', 'of another type', put('verificationMaterial.tlogEntries', {})],
    ['FIELD_INVALID', 'URL-safe base64', put('messageSignature.signature', '_-8=')],
    ['FIELD_INVALID', 'base64 without padding', put('messageSignature.signature', 'AAA')],
    ['FIELD_INVALID', 'base64 with spare bits', put('messageSignature.signature', 'AAB=')],
    ['FIELD_INVALID', 'base64 with spaces', put('messageSignature.signature', 'AA AA')],
    ['FIELD_INVALID', 'an unknown hash', put('messageSignature.messageDigest.algorithm', 'MD5')],
    ['BUNDLE_CONTENT', 'no content', drop('messageSignature')],
    [
      'BUNDLE_CONTENT',
      'both contents',
      put('dsseEnvelope', at(JSON.parse(envelope), 'dsseEnvelope'))
    ],
    ['BUNDLE_CONTENT', 'no signer', drop('verificationMaterial.certificate')],
    ['BUNDLE_CONTENT', 'two signers', put('verificationMaterial.publicKey', { hint: 'x' })],
    [
      'BUNDLE_CONTENT',
      'an empty chain',
      all(
        drop('verificationMaterial.certificate'),
        put('verificationMaterial.x509CertificateChain', { certificates: [] })
      )
    ],
    ['BUNDLE_TOO_MANY', '33 entries', put('verificationMaterial.tlogEntries', times(33))],
    ['BUNDLE_TOO_MANY', '33 timestamps', put(STAMPS, times(33))],
    ['BUNDLE_NO_INCLUSION', 'no proof in v0.3', drop('entry.inclusionProof')],
    ['BUNDLE_NO_INCLUSION', 'no checkpoint in v0.3', drop('entry.inclusionProof.checkpoint')],
    [
      'BUNDLE_NO_INCLUSION',
      'no proof in v0.2',
      all(put('mediaType', V02), drop('entry.inclusionProof'))
    ],
    [
      'BUNDLE_NO_INCLUSION',
      'neither in v0.1',
      all(put('mediaType', V01), drop('entry.inclusionProof'), drop('entry.inclusionPromise'))
    ]
  ])('refuses with %s: %s', (code, _, change) => {
    expect(() => read(change)).toThrow(refusal(code))
  })

  it.each([[[]], [[{ sig: 'AAAA' }, { sig: 'AAAA' }]]])(
    'refuses an envelope with the signatures %j',
    signatures => {
      expect(() => read(put('dsseEnvelope.signatures', signatures), envelope)).toThrow(
        expect.objectContaining({
          code: 'BUNDLE_SIGNATURE_COUNT',
          message: `b.json has ${signatures.length} signatures in its envelope; a Sigstore bundle has exactly one.`
        })
      )
    }
  )

  const NO_BUNDLE = 'is not a Sigstore bundle of version 0.1, 0.2 or 0.3: its mediaType is'
  it.each<[string, string, Edit]>([
    ['BUNDLE_MEDIA_TYPE', `${NO_BUNDLE} "text/plain".`, put('mediaType', 'text/plain')],
    ['BUNDLE_MEDIA_TYPE', `${NO_BUNDLE} absent.`, drop('mediaType')],
    [
      'BUNDLE_CONTENT',
      'must have exactly one of messageSignature, dsseEnvelope; it has none.',
      drop('messageSignature')
    ],
    [
      'BUNDLE_CONTENT',
      'must have exactly one of publicKey, x509CertificateChain, certificate; it has publicKey and certificate.',
      put('verificationMaterial.publicKey', {})
    ],
    [
      'BUNDLE_CONTENT',
      'has an empty chain of certificates.',
      all(
        drop('verificationMaterial.certificate'),
        put('verificationMaterial.x509CertificateChain', { certificates: [] })
      )
    ],
    [
      'BUNDLE_TOO_MANY',
      'has 33 log entries and 1 timestamps; at most 32 of each are read.',
      put('verificationMaterial.tlogEntries', times(33))
    ],
    [
      'BUNDLE_TOO_MANY',
      'has 0 log entries and 33 timestamps; at most 32 of each are read.',
      all(put(STAMPS, times(33)), drop('verificationMaterial.tlogEntries'))
    ],
    [
      'BUNDLE_NO_INCLUSION',
      'has a log entry without an inclusion proof with a checkpoint, so nothing shows that the log has it.',
      drop('entry.inclusionProof')
    ],
    [
      'BUNDLE_NO_INCLUSION',
      'has a log entry without an inclusion promise or proof, so nothing shows that the log has it.',
      all(put('mediaType', V01), drop('entry.inclusionProof'), drop('entry.inclusionPromise'))
    ],
    ['UNKNOWN_FIELD', 'has the field "x", which the format does not know.', put('x', 1)]
  ])('says with %s: %s', (code, what, change) => {
    expect(() => read(change)).toThrow(expect.objectContaining({ code, message: `b.json ${what}` }))
  })

  it('refuses a key that stands twice', () => {
    expect(() => parseBundle(message.replace('{', '{"mediaType":"",'), 'b')).toThrow(
      refusal('JSON_DUPLICATE_KEY')
    )
  })
})

describe('parseBundles', () => {
  it('reads each line of a .jsonl, and does not let junk hide a bundle', () => {
    const text = `{"x":1}\n\n${message}\r\n`
    const [junk, good, ...others] = parseBundles(text, 'b.jsonl')
    expect(junk).toMatchObject({ name: 'b.jsonl:1', error: { code: 'BUNDLE_MEDIA_TYPE' } })
    expect(good).toMatchObject({ name: 'b.jsonl:3', bundle: {} })
    expect(others).toEqual([])
  })

  it('refuses a file of more than 10,000 lines that are not blank', () => {
    expect(parseBundles('x\n\n'.repeat(10_000), 'b.jsonl')).toHaveLength(10_000)
    expect(() => parseBundles('x\n'.repeat(10_001), 'b.jsonl')).toThrow(
      expect.objectContaining({
        code: 'BUNDLE_TOO_MANY',
        message:
          'b.jsonl has more than 10000 bundles, and every subject would be tried with each; give a file of fewer.'
      })
    )
  })

  it('reads any other file as one bundle', () => {
    expect(parseBundles(message, 'b.sigstore.json')).toMatchObject([{ bundle: {} }])
    expect(parseBundles(`${message}\n${message}`, 'b.json')).toMatchObject([
      { error: { code: 'JSON_INVALID' } }
    ])
  })
})
