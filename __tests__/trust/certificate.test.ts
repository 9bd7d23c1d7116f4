import { describe, expect, it } from '@jest/globals'
import { extension, name, usage } from '../../sandbox/certificate.ts'
import * as der from '../../sandbox/der.ts'
import { readLeaf, type Leaf } from '../../src/trust/certificate.ts'
import { textAt } from './edit.ts'
import { Instance, subjectName, type Differences } from './instance.ts'

const instance = new Instance()
const SUBJECT = '2.5.29.17'

function leaf(o: Differences = {}, by = instance): Buffer {
  const bundle = by.sign({ log: 'none', timestamp: false, ...o })
  return Buffer.from(textAt(bundle, 'verificationMaterial.certificate.rawBytes'), 'base64')
}

const read = (change: (honest: Buffer[]) => Buffer[]): Leaf =>
  readLeaf(leaf({ extensions: change }))
const without = (honest: Buffer[], id: string): Buffer[] =>
  honest.filter(each => !each.includes(der.oid(id)))
const named = (...names: Buffer[]): ((honest: Buffer[]) => Buffer[]) => {
  return honest => [...without(honest, SUBJECT), extension(SUBJECT, der.sequence(...names), true)]
}

describe('readLeaf', () => {
  it('tells what the certificate is', () => {
    const bytes = leaf()
    const { der: whole, hasSct, fromGitHub, identity } = readLeaf(bytes)
    expect({ whole, hasSct, fromGitHub }).toEqual({
      whole: bytes,
      hasSct: true,
      fromGitHub: false
    })
    expect(identity).toMatchObject({
      subjectAlternativeName:
        'https://github.com/octo-org/octo-models/.github/workflows/release.yml@refs/heads/main',
      issuer: 'https://token.actions.githubusercontent.com'
    })
    expect(identity.notAfter.getTime() - identity.notBefore.getTime()).toBe(10 * 60_000)
  })

  it('tells that it has no SCT', () => {
    expect(readLeaf(leaf({ sct: false })).hasSct).toBe(false)
  })

  it.each([
    [true, 'GitHub, Inc.'],
    [false, 'GitHub, Inc'],
    [false, 'a root']
  ])('tells whether it is from GitHub: %j for %s', (fromGitHub, organization) => {
    expect(readLeaf(leaf({}, new Instance(organization))).fromGitHub).toBe(fromGitHub)
  })

  it('does not go by a name of GitHub that is not its organization', () => {
    const ca = { ...instance.fulcio, name: name('a root', 'GitHub, Inc.') }
    expect(readLeaf(leaf({ ca })).fromGitHub).toBe(false)
  })

  it.each([
    ['an email address', 0x81, 'someone@example.com'],
    ['a URI', 0x86, 'https://example.com/~!']
  ])('takes as its name %s', (_, tag, value) => {
    const { identity } = read(named(der.element(tag, Buffer.from(value))))
    expect(identity.subjectAlternativeName).toBe(value)
  })

  it.each<[string, number, Buffer[]]>([
    ['none', 0, []],
    ['an empty one', 1, [der.element(0x86)]],
    ['that of a host', 1, [der.element(0x82, Buffer.from('example.com'))]],
    ['one with a blank', 1, [der.element(0x86, Buffer.from('https://a b'))]],
    ['one that begins with a blank', 1, [der.element(0x86, Buffer.from(' https://a'))]],
    ['one that ends with a delete', 1, [der.element(0x86, Buffer.from('https://a\x7f'))]],
    ['one outside of ASCII', 1, [der.element(0x86, Buffer.from('https://\u00e4'))]],
    ['two', 2, [0x86, 0x81].map(tag => der.element(tag, Buffer.from('x')))]
  ])('refuses as its name %s', (_, count, names) => {
    expect(() => read(named(...names))).toThrow(
      expect.objectContaining({
        code: 'CERTIFICATE_SUBJECT_NAMES',
        message: `The certificate in the bundle must name exactly one subject, a URI or an email address; it names ${count}, or something else.`
      })
    )
  })

  it.each<[string, string, (honest: Buffer[]) => Buffer[]]>([
    [
      'CERTIFICATE_MALFORMED',
      'has the extension 2.5.29.17 twice',
      e => [...e, subjectName('https://other')]
    ],
    [
      'CERTIFICATE_CRITICAL_EXTENSION',
      'has the critical extension 1.2.3.4, which must not be ignored and is not known',
      e => [...e, extension('1.2.3.4', der.utf8('x'), true)]
    ],
    [
      'CERTIFICATE_NOT_CODE_SIGNING',
      'is not for signing code (extended key usage)',
      e => without(e, '2.5.29.37')
    ],
    [
      'CERTIFICATE_NOT_CODE_SIGNING',
      'is not for signing code (extended key usage)',
      e => [...without(e, '2.5.29.37'), extension('2.5.29.37', Buffer.from('x'))]
    ],
    [
      'CERTIFICATE_KEY_USAGE',
      'is not for digital signatures (key usage)',
      e => without(e, '2.5.29.15')
    ],
    [
      'CERTIFICATE_KEY_USAGE',
      'is not for digital signatures (key usage)',
      e => [...without(e, '2.5.29.15'), usage.certificateAndCrlSign]
    ],
    [
      'CERTIFICATE_IS_CA',
      'is that of an authority, which signs certificates, not files',
      e => [...e, extension('2.5.29.19', der.sequence(der.boolean(true)), true)]
    ],
    [
      'CERTIFICATE_SUBJECT_NAMES',
      'must name exactly one subject, a URI or an email address; it names 0, or something else',
      e => without(e, SUBJECT)
    ],
    [
      'CERTIFICATE_SUBJECT_NAMES',
      'must name exactly one subject, a URI or an email address; it names 0, or something else',
      e => [...without(e, SUBJECT), extension(SUBJECT, Buffer.from('x'))]
    ]
  ])('refuses with %s what %s', (code, what, change) => {
    const message = `The certificate in the bundle ${what}.`
    expect(() => read(change)).toThrow(expect.objectContaining({ code, message }))
  })

  it('takes what says that it is no authority', () => {
    const no = extension('2.5.29.19', der.sequence(), true)
    expect(() => read(honest => [...honest, no])).not.toThrow()
  })

  it('refuses what is no certificate, and tells why', () => {
    expect(() => readLeaf(Buffer.from('x'))).toThrow(
      expect.objectContaining({
        code: 'CERTIFICATE_MALFORMED',
        message: 'The certificate in the bundle cannot be read.',
        cause: expect.anything() as unknown
      })
    )
  })

  it('reads the same bytes once, and keeps a bounded number', () => {
    const bytes = leaf()
    const first = readLeaf(bytes)
    readLeaf(leaf())
    expect(readLeaf(Buffer.from(bytes))).toBe(first)

    // Other certificates as far as this goes: with other signatures.
    for (let i = 0; i < 256; i++) {
      const other = Buffer.from(bytes)
      other.writeUInt16BE(other.readUInt16BE(other.length - 2) ^ (i + 1), other.length - 2)
      readLeaf(other)
    }
    expect(readLeaf(bytes)).not.toBe(first)
  })

  it('is not changed by who goes on to use the bytes', () => {
    const bytes = leaf()
    const { x509 } = readLeaf(bytes)
    const before = Buffer.from(x509.root.toDER())
    bytes.fill(0)
    expect(x509.root.toDER()).toEqual(before)
  })
})
