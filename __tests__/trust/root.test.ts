import { describe, expect, it } from '@jest/globals'
import { parseTrustedRoots } from '../../src/trust/root.ts'
import { all, drop, put, type Edit } from './edit.ts'
import { Instance } from './instance.ts'
import { refusal } from './refusal.ts'

const instance = new Instance()

const LINE = JSON.stringify(instance.rootJson())

function read(change: Edit): unknown {
  const root = instance.rootJson()
  change(root)
  return parseTrustedRoots(JSON.stringify(root, null, 2), 'root.json')
}

describe('parseTrustedRoots', () => {
  it.each([
    'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    'application/vnd.dev.sigstore.trustedroot.v0.1+json',
    'application/vnd.dev.sigstore.trustedroot.v0.2+json'
  ])('reads %s', mediaType => {
    expect(read(put('mediaType', mediaType))).toHaveLength(1)
  })

  it('keeps several, one a line, apart', () => {
    const roots = parseTrustedRoots(`${LINE}\n${LINE}\n\n`, 'roots.jsonl')
    expect(roots.map(({ material }) => material.tlogs.length)).toEqual([2, 2])
  })

  // Each bundle compares its certificate with them many times.
  it('encodes the certificates of its authorities once', () => {
    const authorities = instance
      .roots()
      .flatMap(({ material }) => [
        ...material.certificateAuthorities,
        ...material.timestampAuthorities
      ])
    expect(authorities).toHaveLength(2)
    for (const { root } of authorities.flatMap(({ certChain }) => certChain)) {
      expect(root.toDER()).toBe(root.toDER())
    }
  })

  it.each<[string, string, Edit]>([
    [
      'TRUSTED_ROOT_MEDIA_TYPE',
      'another media type',
      put('mediaType', 'application/vnd.dev.sigstore.trustedroot+json;version=0.1x')
    ],
    ['TRUSTED_ROOT_NO_START', 'a log without a range', drop('tlogs.0.publicKey.validFor')],
    ['TRUSTED_ROOT_NO_START', 'a CA without a range', drop('certificateAuthorities.0.validFor')],
    ['TRUSTED_ROOT_INVALID', 'an unknown hash', put('tlogs.0.hashAlgorithm', 'SHA2_257')],
    [
      'TRUSTED_ROOT_INVALID',
      'an unknown kind of key',
      put('tlogs.0.publicKey.keyDetails', 'PKIX_ECDSA_P257')
    ],
    ['TRUSTED_ROOT_INVALID', 'no key', put('tlogs.0.publicKey.rawBytes', 'AAAA')],
    [
      'TRUSTED_ROOT_INVALID',
      'no certificate',
      put('certificateAuthorities.0.certChain.certificates.0.rawBytes', 'AAAA')
    ],
    ['UNKNOWN_FIELD', 'a field that is not known', put('tlogs.0.threshold', 0)],
    ['FIELD_INVALID', 'a time that is none', put('tlogs.0.publicKey.validFor.end', 'soon')],
    ['FIELD_INVALID', 'a base URL that is none', put('tlogs.0.baseUrl', 'log.test')],
    ['FIELD_INVALID', 'no base URL', drop('tlogs.0.baseUrl')]
  ])('refuses with %s: %s', (code, _, change) => {
    expect(() => read(change)).toThrow(refusal(code))
  })

  it.each<[string, Edit]>([
    ['log https://v2.log.test', drop('tlogs.1.publicKey.validFor.start')],
    ['CT log https://ca.test/ct', drop('ctlogs.0.publicKey.validFor.start')],
    ['CA https://ca.test', drop('certificateAuthorities.0.validFor.start')],
    ['timestamp authority https://tsa.test', drop('timestampAuthorities.0.validFor.start')]
  ])('refuses one that says no start of: %s', (which, change) => {
    expect(() => read(change)).toThrow(
      expect.objectContaining({
        code: 'TRUSTED_ROOT_NO_START',
        message: `root.json does not say since when the ${which} is valid (validFor.start).`
      })
    )
  })

  it('cuts a long URL in a message', () => {
    const url = `https://log.test/${'a'.repeat(1000)}`
    const change = all(put('tlogs.0.baseUrl', url), drop('tlogs.0.publicKey.validFor'))
    expect(() => read(change)).toThrow(`the log ${url.slice(0, 200)} is valid`)
  })

  it('names the types that it knows', () => {
    expect(() => parseTrustedRoots('[]', 'root.json')).toThrow(
      'root.json is not a Sigstore trusted root of version 0.1 or 0.2: its mediaType is not one of application/vnd.dev.sigstore.trustedroot+json;version=0.1, application/vnd.dev.sigstore.trustedroot.v0.1+json, application/vnd.dev.sigstore.trustedroot.v0.2+json.'
    )
  })

  it.each([
    ['hash', put('tlogs.0.hashAlgorithm', 'SHA2_257')],
    ['key', put('tlogs.0.publicKey.rawBytes', 'AAAA')]
  ])('tells where to get another when a %s cannot be read, and why it cannot', (_, change) => {
    expect(() => read(change)).toThrow(
      expect.objectContaining({
        message:
          'root.json has a key or certificate that cannot be read; get it anew from whoever runs the instance.',
        cause: expect.anything()
      })
    )
  })

  it.each([
    ['line', 'root.json', 'root.json', '{}\n'],
    ['document', 'root.json', 'root.json', '{\n}\n'],
    ['line of several', 'roots.jsonl', 'roots.jsonl:3', `${LINE}\n\n{}\n`]
  ])('names the %s that is no root', (_, file, named, text) => {
    expect(() => parseTrustedRoots(text, file)).toThrow(`${named} is not a Sigstore trusted root`)
  })

  it.each([
    ['a key twice in the first', 'roots.jsonl:1 has the key "a" twice', '{"a":1,"a":2}\n{}\n'],
    ['too deep a first', 'roots.jsonl:1 nests objects', `${'['.repeat(99)}${']'.repeat(99)}\n{}\n`],
    ['another document after it', 'roots.jsonl is not JSON', '[]\n{}\n']
  ])('refuses %s', (_, words, text) => {
    expect(() => parseTrustedRoots(text, 'roots.jsonl')).toThrow(words)
  })

  it('refuses more than 100', () => {
    const lines = `${JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.trustedroot.v0.1+json' })}\n`
    expect(parseTrustedRoots(lines.repeat(100), 'roots.jsonl')).toHaveLength(100)
    expect(() => parseTrustedRoots(lines.repeat(101), 'roots.jsonl')).toThrow(
      expect.objectContaining({
        code: 'TRUSTED_ROOT_INVALID',
        message:
          'roots.jsonl has more than 100 trusted roots; give those of the instances that you trust.'
      })
    )
  })
})
