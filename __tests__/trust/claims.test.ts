import { ASN1Obj } from '@sigstore/core'
import { describe, expect, it } from '@jest/globals'
import * as der from '../../sandbox/der.ts'
import type { Extension } from '../../src/trust/certificate.ts'
import { readClaims, readIssuer } from '../../src/trust/claims.ts'

const FULCIO = '1.3.6.1.4.1.57264.1'
const GITHUB = 'https://token.actions.githubusercontent.com'

/** Extensions by the last number of their identifiers. */
function extensions(values: Record<number, Buffer>): Map<string, Extension> {
  const entries = Object.entries(values).map(([arc, value]): [string, Extension] => {
    // From .8 on they are DER.
    const inner = Number(arc) < 8 ? undefined : ASN1Obj.parseBuffer(Buffer.from(value))
    return [`${FULCIO}.${arc}`, { critical: false, value, inner }]
  })
  return new Map(entries)
}

function malformed(what: string): unknown {
  const message = `The certificate in the bundle ${what}.`
  return expect.objectContaining({ code: 'CERTIFICATE_MALFORMED', message })
}

describe('readIssuer', () => {
  it.each([
    ['the newer extension', { 8: der.utf8('https://a') }],
    ['the older one', { 1: Buffer.from('https://a') }],
    ['both', { 1: Buffer.from('https://a'), 8: der.utf8('https://a') }]
  ])('reads %s', (_, values) => {
    expect(readIssuer(extensions(values))).toBe('https://a')
  })

  it('refuses two that differ, or none', () => {
    const two = extensions({ 1: Buffer.from('https://a'), 8: der.utf8('https://b') })
    expect(() => readIssuer(two)).toThrow(
      malformed(`names two issuers (${FULCIO}.8 and ${FULCIO}.1)`)
    )
    expect(() => readIssuer(new Map())).toThrow(malformed('names no token issuer'))
  })

  it.each<[string, Extension]>([
    ['of another type', extension(der.element(0x13, Buffer.from('x')))],
    [
      'with another behind it',
      { ...extension(der.utf8('x')), value: Buffer.concat([der.utf8('x'), der.utf8('y')]) }
    ],
    ['that is not DER', { critical: false, value: Buffer.from('x'), inner: undefined }]
  ])('refuses text %s', (_, each) => {
    expect(() => readIssuer(new Map([[`${FULCIO}.8`, each]]))).toThrow(
      malformed(`has an extension ${FULCIO}.8 that is not a UTF-8 string`)
    )
  })

  it.each([
    [8, der.element(0x0c, Buffer.of(0xff))],
    [1, Buffer.of(0xff)]
  ])('refuses what is not UTF-8 in .%d, and tells why', (arc, value) => {
    const read = (): string => readIssuer(extensions({ [arc]: value }))
    expect(read).toThrow(malformed(`has an extension ${FULCIO}.${arc} that is not UTF-8`))
    expect(read).toThrow(expect.objectContaining({ cause: expect.anything() as unknown }))
  })

  it('keeps a byte order mark, with which it is another', () => {
    expect(readIssuer(extensions({ 8: der.utf8('\ufeffhttps://a') }))).toBe('\ufeffhttps://a')
  })
})

describe('readClaims', () => {
  const issuer = { 8: der.utf8(GITHUB) }

  it('reads each of the claims', () => {
    const arcs = Array.from({ length: 15 }, (_, i) => i + 9)
    const values = Object.fromEntries(arcs.map(arc => [arc, der.utf8(`claim ${arc}`)]))
    expect(readClaims(extensions({ ...issuer, ...values }))).toStrictEqual({
      buildSignerURI: 'claim 9',
      buildSignerDigest: 'claim 10',
      runnerEnvironment: 'claim 11',
      sourceRepositoryURI: 'claim 12',
      sourceRepositoryDigest: 'claim 13',
      sourceRepositoryRef: 'claim 14',
      sourceRepositoryIdentifier: 'claim 15',
      sourceRepositoryOwnerURI: 'claim 16',
      sourceRepositoryOwnerIdentifier: 'claim 17',
      buildConfigURI: 'claim 18',
      buildConfigDigest: 'claim 19',
      buildTrigger: 'claim 20',
      runInvocationURI: 'claim 21',
      sourceRepositoryVisibilityAtSigning: 'claim 22',
      deploymentEnvironment: 'claim 23'
    })
  })

  const legacy = {
    2: Buffer.from('push'),
    3: Buffer.from('abc'),
    5: Buffer.from('o/r'),
    6: Buffer.from('refs/heads/main')
  }

  it('reads the claims of before 2023', () => {
    expect(readClaims(extensions({ ...issuer, ...legacy }))).toStrictEqual({
      buildTrigger: 'push',
      sourceRepositoryDigest: 'abc',
      sourceRepositoryRef: 'refs/heads/main',
      sourceRepositoryURI: 'https://github.com/o/r'
    })
  })

  it('takes the newer claim where there are both, even an older where the newer is empty', () => {
    const newer = { 12: der.utf8('https://x/o/r'), 13: der.utf8('def'), 20: der.utf8('') }
    expect(readClaims(extensions({ ...issuer, ...legacy, ...newer }))).toMatchObject({
      buildTrigger: 'push',
      sourceRepositoryDigest: 'def',
      sourceRepositoryURI: 'https://x/o/r'
    })
  })

  it('takes the repository of before 2023 for one on github.com only where GitHub says so', () => {
    const other = extensions({ 8: der.utf8('https://a'), 5: legacy[5] })
    expect(readClaims(other)).toStrictEqual({})
  })

  it('makes no claim that is absent or empty', () => {
    expect(readClaims(extensions(issuer))).toStrictEqual({})
    expect(readClaims(extensions({ ...issuer, 9: der.utf8('') }))).toStrictEqual({})
  })
})

function extension(value: Buffer): Extension {
  return { critical: false, value, inner: ASN1Obj.parseBuffer(Buffer.from(value)) }
}
