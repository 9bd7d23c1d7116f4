import { describe, expect, it } from '@jest/globals'
import { parseTrustedRoots } from '../../src/trust/root.ts'
import { drop, put, type Edit } from './edit.ts'
import { Instance } from './instance.ts'
import { refusal } from './refusal.ts'

const instance = new Instance()

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
    const line = JSON.stringify(instance.rootJson())
    const roots = parseTrustedRoots(`${line}\n${line}\n\n`, 'roots.jsonl')
    expect(roots.map(({ name }) => name)).toEqual(['roots.jsonl:1', 'roots.jsonl:2'])
    expect(roots[0]?.material.tlogs).toHaveLength(2)
  })

  it.each<[string, string, Edit]>([
    [
      'TRUSTED_ROOT_MEDIA_TYPE',
      'another media type',
      put('mediaType', 'application/vnd.dev.sigstore.trustedroot+json;version=0.1x')
    ],
    ['TRUSTED_ROOT_NO_START', 'a log', drop('tlogs.1.publicKey.validFor.start')],
    ['TRUSTED_ROOT_NO_START', 'a log without a range', drop('tlogs.0.publicKey.validFor')],
    ['TRUSTED_ROOT_NO_START', 'a CT log', drop('ctlogs.0.publicKey.validFor.start')],
    ['TRUSTED_ROOT_NO_START', 'a CA', drop('certificateAuthorities.0.validFor')],
    ['TRUSTED_ROOT_NO_START', 'a TSA', drop('timestampAuthorities.0.validFor.start')],
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

  it('refuses more than 100', () => {
    const lines = `${JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.trustedroot.v0.1+json' })}\n`
    expect(parseTrustedRoots(lines.repeat(100), 'roots.jsonl')).toHaveLength(100)
    expect(() => parseTrustedRoots(lines.repeat(101), 'roots.jsonl')).toThrow(
      expect.objectContaining({ code: 'TRUSTED_ROOT_INVALID' })
    )
  })

  it('refuses all when one of several is no root', () => {
    const line = JSON.stringify(instance.rootJson())
    expect(() => parseTrustedRoots(`${line}\n{}`, 'roots.jsonl')).toThrow(
      refusal('TRUSTED_ROOT_MEDIA_TYPE')
    )
  })
})
