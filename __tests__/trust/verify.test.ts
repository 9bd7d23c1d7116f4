import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { ASN1Obj } from '@sigstore/core'
import { describe, expect, it } from '@jest/globals'
import { HashAlgorithm } from '@sigstore/protobuf-specs'
import { usage, extension } from '../../sandbox/certificate.ts'
import { DEFAULT_CLAIMS } from '../../sandbox/claims.ts'
import * as der from '../../sandbox/der.ts'
import { parseBundle } from '../../src/trust/bundle.ts'
import type { Digester } from '../../src/trust/digester.ts'
import { identityPolicy } from '../../src/trust/policy-inputs.ts'
import type { TrustedRoot } from '../../src/trust/root.ts'
import { verifyBundle, type Expectation, type Verified } from '../../src/trust/verify.ts'
import { all, at, drop, put, textAt, type Edit, type Json } from './edit.ts'
import {
  digestOf,
  FILE,
  Instance,
  otherKeyOf,
  PREDICATE,
  statement,
  subjectName,
  type Differences
} from './instance.ts'
import { sha256, spki } from '../../sandbox/certificate.ts'
import { codeOf, refusal as refusalOf } from './refusal.ts'

const instance = new Instance()
const stranger = new Instance()
const SHA512 = createHash('sha512').update(FILE).digest('hex')
const roots = instance.roots()

const WORKFLOW = 'octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'
const here = {
  repository: 'octo-org/octo-models',
  repositoryId: '640123001',
  workflowRef: WORKFLOW
}

type Asked = {
  roots?: TrustedRoot[]
  digest?: Digester
  expect?: Expectation
  key?: KeyObject
}

function verify(bundle: Json, asked: Asked = {}): Promise<Verified> {
  return verifyBundle(parseBundle(JSON.stringify(bundle), 'b.json'), {
    roots: asked.roots ?? roots,
    digest: asked.digest ?? digestOf(FILE),
    expect: asked.expect ?? { kind: 'any' },
    signer: asked.key ? { key: asked.key } : { identity: identityPolicy({}, here) }
  })
}

/** The code of the refusal, or what else happened. */
async function refusal(bundle: Json, asked?: Asked): Promise<string> {
  try {
    await verify(bundle, asked)
    return 'verified'
  } catch (error) {
    return codeOf(error)
  }
}

const signed = (o: Differences, asked?: Asked): Promise<string> => refusal(instance.sign(o), asked)

function changed(o: Differences, ...edits: Edit[]): Json {
  const bundle = instance.sign(o)
  all(...edits)(bundle)
  return bundle
}

/** In place of the certificate a chain that begins with it. */
function asChain(mediaType: string, ...others: Buffer[]): Edit {
  const material = 'verificationMaterial'
  return bundle => {
    const rest = others.map(each => ({ rawBytes: each.toString('base64') }))
    const certificates = [at(bundle, `${material}.certificate`), ...rest]
    put('mediaType', mediaType)(bundle)
    drop(`${material}.certificate`)(bundle)
    put(`${material}.x509CertificateChain`, { certificates })(bundle)
  }
}

const V02 = 'application/vnd.dev.sigstore.bundle+json;version=0.2'
const V03 = 'application/vnd.dev.sigstore.bundle+json;version=0.3'
const STAMPS = 'verificationMaterial.timestampVerificationData.rfc3161Timestamps'
const EMPTY = [put('tlogs', []), put('ctlogs', [])]

describe('verifyBundle remembers certificates, and yet', () => {
  // The same certificate in each, so that all that can be remembered of it is.
  const bundle = instance.sign()
  const otherCa = stranger.roots()
  const otherCtLog = instance.roots(root => {
    put('ctlogs', at(stranger.rootJson(), 'ctlogs'))(root)
  })
  const otherTsa = instance.roots(root => {
    put('timestampAuthorities', at(stranger.rootJson(), 'timestampAuthorities'))(root)
  })
  const caOfOldDays = instance.roots(
    put('certificateAuthorities.0.validFor', {
      start: '2020-01-01T00:00:00Z',
      end: '2021-01-01T00:00:00Z'
    })
  )
  const signature = Buffer.from(textAt(bundle, 'messageSignature.signature'), 'base64')
  const late = structuredClone(bundle)
  put(
    `${STAMPS}.0.signedTimestamp`,
    instance.stamp(signature, new Date(Date.now() + 3_600_000))
  )(late)

  it.each<[string, Json, TrustedRoot[], string]>([
    ['asks whether this root has its authority', bundle, otherCa, 'UNKNOWN_AUTHORITY'],
    ['asks whether this root has its CT log', bundle, otherCtLog, 'SCT_INVALID'],
    ['asks this root about timestamps', bundle, otherTsa, 'TIMESTAMP_INVALID'],
    [
      'asks whether its authority was valid then',
      bundle,
      caOfOldDays,
      'CERTIFICATE_NOT_VALID_THEN'
    ],
    ['asks whether it was valid then itself', late, roots, 'CERTIFICATE_NOT_VALID_THEN']
  ])('%s', async (_, again, others, code) => {
    await expect(refusal(bundle)).resolves.toBe('verified')
    await expect(refusal(again, { roots: others })).resolves.toBe(code)
    await expect(refusal(bundle)).resolves.toBe('verified')
  })

  it('does not take one for another that differs in its last byte', async () => {
    await expect(refusal(bundle)).resolves.toBe('verified')
    const certificate = 'verificationMaterial.certificate.rawBytes'
    const der = Buffer.from(textAt(bundle, certificate), 'base64')
    der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1)
    const other = structuredClone(bundle)
    put(certificate, der.toString('base64'))(other)
    await expect(refusal(other)).resolves.toBe('UNKNOWN_AUTHORITY')
  })
})

describe('verifyBundle accepts', () => {
  it.each<[string, Differences]>([
    ['a message signature with Rekor v1', {}],
    ['a message signature with Rekor v2', { log: 'v2' }],
    ['a statement as dsse with Rekor v1', { statement: statement() }],
    ['a statement as intoto with Rekor v1', { statement: statement(), kind: 'intoto' }],
    ['a statement with Rekor v2', { statement: statement(), log: 'v2' }],
    ['an entry time without a timestamp', { timestamp: false }]
  ])('%s', async (_, o) => {
    await expect(signed(o)).resolves.toBe('verified')
  })

  it('a statement of the type that is asked for', async () => {
    const asked = { expect: { kind: 'statement', predicateType: PREDICATE } } as const
    await expect(signed({ statement: statement() }, asked)).resolves.toBe('verified')
  })

  it('and tells who signed what, when, and which log entry shows it', async () => {
    const verified = await verify(instance.sign({ statement: statement(), at: new Date() }))
    expect(verified).toMatchObject({
      predicateType: PREDICATE,
      identity: { subjectAlternativeName: `https://github.com/${WORKFLOW}` },
      times: [{ source: 'rekor' }, { source: 'timestamp-authority' }],
      logEntry: { url: 'https://log.test', version: 'v1', index: '1002' }
    })
  })

  it('a signature with a high S, as half of all are', async () => {
    // Among so many signatures there are both kinds.
    const codes = await Promise.all(
      Array.from({ length: 12 }, () =>
        signed({ log: 'none' }, { roots: instance.roots(put('tlogs', [])) })
      )
    )
    expect(new Set(codes)).toEqual(new Set(['verified']))
  })

  it('a statement with sha512 alone, by it', async () => {
    const subject = [{ name: 'npm', digest: { sha512: SHA512 } }]
    await expect(signed({ statement: statement({ subject }) })).resolves.toBe('verified')
  })

  it('the second subject of a statement', async () => {
    const other = { name: 'other', digest: { sha256: 'f'.repeat(64) } }
    const subject = [other, at(statement(), 'subject.0')]
    await expect(signed({ statement: statement({ subject }) })).resolves.toBe('verified')
  })

  it('a statement of v0.1, which cosign 2 writes', async () => {
    const old = statement({ _type: 'https://in-toto.io/Statement/v0.1' })
    await expect(signed({ statement: old })).resolves.toBe('verified')
  })

  it('an instance without logs, with a timestamp alone', async () => {
    const bare = instance.roots(...EMPTY)
    await expect(signed({ log: 'none', sct: false }, { roots: bare })).resolves.toBe('verified')
  })

  it('by the root that issued the certificate, wherever it stands among others', async () => {
    const both = [...stranger.roots(), ...roots]
    await expect(signed({}, { roots: both })).resolves.toBe('verified')
  })

  it('by one of several authorities of a root', async () => {
    const other = at(stranger.rootJson(), 'certificateAuthorities.0')
    const several = instance.roots(
      put('certificateAuthorities', (own: unknown[]) => [other, ...own])
    )
    await expect(signed({}, { roots: several })).resolves.toBe('verified')
  })

  it('1,024 subjects', async () => {
    const subject = Array<unknown>(1024).fill(at(statement(), 'subject.0'))
    await expect(signed({ statement: statement({ subject }) })).resolves.toBe('verified')
  })

  it('a digest of an algorithm whose name has that of another within', async () => {
    const digest = { 'x-SHA256': 'ab', SHA2560: 'cd', sha256: sha256(FILE).toString('hex') }
    const subject = [{ digest }]
    await expect(signed({ statement: statement({ subject }) })).resolves.toBe('verified')
  })

  it('an unknown extension that says that it is not critical', async () => {
    const value = der.octets(Buffer.from('x'))
    const falsely = der.sequence(der.oid('1.2.3.4'), der.element(1, Buffer.of(0)), value)
    await expect(signed({ extensions: e => [...e, falsely] })).resolves.toBe('verified')
  })

  it('the chain form of v0.2 with the leaf alone', async () => {
    const bundle = changed({}, asChain(V02))
    await expect(refusal(bundle)).resolves.toBe('verified')
  })
})

describe('verifyBundle refuses for what was signed', () => {
  it.each<[string, string, Differences, Asked?]>([
    ['DIGEST_MISMATCH', 'a signature of another file', {}, { digest: digestOf(Buffer.from('x')) }],
    [
      'SUBJECT_MISMATCH',
      'a statement about another file',
      { statement: statement() },
      { digest: digestOf(Buffer.from('x')) }
    ],
    [
      'SUBJECT_MISMATCH',
      'a sha256 that differs beside a sha512 that does not',
      {
        statement: statement({ subject: [{ digest: { sha256: 'f'.repeat(64), sha512: SHA512 } }] })
      }
    ],
    [
      'SUBJECT_MISMATCH',
      'a digest of another algorithm only',
      { statement: statement({ subject: [{ digest: { gitCommit: 'f'.repeat(40) } }] }) }
    ],
    [
      'NOT_A_MESSAGE_SIGNATURE',
      'a statement where a signature is expected',
      { statement: statement() },
      { expect: { kind: 'message-signature' } }
    ],
    [
      'NOT_A_STATEMENT',
      'a signature where a statement is expected',
      {},
      { expect: { kind: 'statement', predicateType: PREDICATE } }
    ],
    [
      'PREDICATE_TYPE_MISMATCH',
      'another predicate type',
      { statement: statement() },
      { expect: { kind: 'statement', predicateType: `${PREDICATE}.1` } }
    ],
    ['PAYLOAD_TYPE', 'another payload type', { statement: statement(), payloadType: 'text/plain' }],
    ['STATEMENT_INVALID', 'another _type', { statement: statement({ _type: 'x' }) }],
    [
      'STATEMENT_INVALID',
      'a list of _types',
      { statement: statement({ _type: ['https://in-toto.io/Statement/v1'] }) }
    ],
    ['STATEMENT_INVALID', 'no subject', { statement: statement({ subject: [] }) }],
    [
      'STATEMENT_INVALID',
      'a subject without a digest',
      { statement: statement({ subject: [{}] }) }
    ],
    [
      'STATEMENT_INVALID',
      'a digest that is a number',
      { statement: statement({ subject: [{ digest: { sha256: 5 } }] }) }
    ],
    [
      'STATEMENT_INVALID',
      'a digest algorithm in another spelling',
      { statement: statement({ subject: [{ digest: { SHA256: 'ab', sha512: 'cd' } }] }) }
    ],
    [
      'STATEMENT_INVALID',
      'a subject whose digest is empty',
      { statement: statement({ subject: [{ digest: {} }] }) }
    ],
    [
      'STATEMENT_INVALID',
      'a digest algorithm spelt with a hyphen',
      { statement: statement({ subject: [{ digest: { 'sha-512': 'cd' } }] }) }
    ],
    ['STATEMENT_INVALID', 'no predicate type', { statement: statement({ predicateType: '' }) }],
    ['STATEMENT_INVALID', 'a payload that is a list', { statement: [] }],
    ['JSON_INVALID', 'a payload that is not JSON', { statement: 'hello' }],
    [
      'JSON_DUPLICATE_KEY',
      'a payload that says two things',
      { statement: `{"_type":"x",${JSON.stringify(statement()).slice(1)}` }
    ],
    [
      'BUNDLE_TOO_MANY',
      '1,025 subjects',
      { statement: statement({ subject: Array(1025).fill(at(statement(), 'subject.0')) }) }
    ]
  ])('%s: %s', async (code, _, o, asked = {}) => {
    await expect(signed(o, asked)).resolves.toBe(code)
  })

  it('SIGNATURE_INVALID: a signature by another key', async () => {
    const other = instance.sign()
    const signature = at(other, 'messageSignature.signature')
    const bundle = changed({}, put('messageSignature.signature', signature))
    await expect(refusal(bundle)).resolves.toBe('SIGNATURE_INVALID')
  })

  it('SIGNATURE_INVALID: a statement changed after it was signed', async () => {
    const later = JSON.stringify(statement({ predicate: { builder: 'me' } }))
    const payload = Buffer.from(later).toString('base64')
    const bundle = changed({ statement: statement() }, put('dsseEnvelope.payload', payload))
    await expect(refusal(bundle)).resolves.toBe('SIGNATURE_INVALID')
  })

  it('DIGEST_ALGORITHM: a hash that no file can have got past the reader', async () => {
    const bundle = parseBundle(JSON.stringify(instance.sign()), 'b')
    if (bundle.content.$case !== 'messageSignature') throw new Error('no message')
    bundle.content.messageSignature.messageDigest.algorithm =
      HashAlgorithm.HASH_ALGORITHM_UNSPECIFIED
    const signer = { identity: identityPolicy({}, here) }
    const options = { roots, digest: digestOf(FILE), expect: { kind: 'any' }, signer } as const
    await expect(verifyBundle(bundle, options)).rejects.toEqual(refusalOf('DIGEST_ALGORITHM'))
  })

  it('VERIFICATION_ERROR: whatever else throws', async () => {
    const digest = (): Promise<string> => Promise.reject(new RangeError('no'))
    await expect(signed({}, { digest })).resolves.toBe('VERIFICATION_ERROR')
    await expect(verify(instance.sign(), { digest })).rejects.toMatchObject({
      cause: new RangeError('no')
    })
  })
})

describe('verifyBundle refuses for the certificate', () => {
  const ca = extension('2.5.29.19', der.sequence(der.boolean(true)), true)
  const fulcio = (arc: number): Buffer => der.oid(`1.3.6.1.4.1.57264.1.${arc}`)
  const without = (honest: Buffer[], each: Buffer): Buffer[] =>
    honest.filter(other => !other.equals(each))

  it.each<[string, string, (honest: Buffer[]) => Buffer[]]>([
    ['CERTIFICATE_NOT_CODE_SIGNING', 'no EKU', e => without(e, usage.codeSigning)],
    [
      'CERTIFICATE_NOT_CODE_SIGNING',
      'the EKU of a server',
      e => [
        ...without(e, usage.codeSigning),
        extension('2.5.29.37', der.sequence(der.oid('1.3.6.1.5.5.7.3.1')))
      ]
    ],
    ['CERTIFICATE_KEY_USAGE', 'no key usage', e => without(e, usage.digitalSignature)],
    [
      'CERTIFICATE_KEY_USAGE',
      'a key usage of authorities',
      e => [...without(e, usage.digitalSignature), usage.certificateAndCrlSign]
    ],
    ['CERTIFICATE_IS_CA', 'an authority', e => [...e, ca]],
    [
      'CERTIFICATE_IS_CA',
      'a leaf that may sign certificates',
      e => [
        ...without(e, usage.digitalSignature),
        extension('2.5.29.15', der.bits(Buffer.from([0x84]), 2), true)
      ]
    ],
    [
      'CERTIFICATE_CRITICAL_EXTENSION',
      'a critical extension that nobody knows',
      e => [...e, extension('1.2.3.4', der.utf8('x'), true)]
    ],
    [
      'CERTIFICATE_MALFORMED',
      'the same extension twice',
      e => [...e, extension('1.3.6.1.4.1.57264.1.9', der.utf8('https://other'))]
    ],
    [
      'CERTIFICATE_MALFORMED',
      'no issuer',
      e => e.filter(each => ![1, 8].some(arc => each.includes(fulcio(arc))))
    ],
    [
      'CERTIFICATE_MALFORMED',
      'a claim that is no string',
      e => [
        ...e.filter(each => !each.includes(fulcio(21))),
        extension('1.3.6.1.4.1.57264.1.21', der.element(0x13, Buffer.from('https://run')))
      ]
    ],
    [
      'CERTIFICATE_MALFORMED',
      'a claim that is two strings',
      e => [
        ...e.filter(each => !each.includes(fulcio(21))),
        extension('1.3.6.1.4.1.57264.1.21', Buffer.concat([der.utf8('x'), der.utf8('y')]))
      ]
    ],
    [
      'CERTIFICATE_MALFORMED',
      'a claim that is not UTF-8',
      e => [
        ...e.filter(each => !each.includes(fulcio(21))),
        extension('1.3.6.1.4.1.57264.1.21', der.element(0x0c, Buffer.of(0xff)))
      ]
    ],
    [
      'CERTIFICATE_MALFORMED',
      'two issuers',
      e => [
        ...e.filter(each => !each.includes(fulcio(1))),
        extension('1.3.6.1.4.1.57264.1.1', Buffer.from('https://other'))
      ]
    ],
    [
      'CERTIFICATE_SUBJECT_NAMES',
      'no name',
      e => e.filter(each => !each.includes(der.oid('2.5.29.17')))
    ],
    [
      'CERTIFICATE_SUBJECT_NAMES',
      'two names',
      e => [
        ...e.filter(each => !each.includes(der.oid('2.5.29.17'))),
        extension(
          '2.5.29.17',
          der.sequence(
            der.element(0x86, Buffer.from(`https://github.com/${WORKFLOW}`)),
            der.element(0x86, Buffer.from('https://github.com/other'))
          ),
          true
        )
      ]
    ],
    [
      'CERTIFICATE_SUBJECT_NAMES',
      'the name of a host',
      e => [
        ...e.filter(each => !each.includes(der.oid('2.5.29.17'))),
        extension('2.5.29.17', der.sequence(der.element(0x82, Buffer.from('github.com'))), true)
      ]
    ],
    [
      'CERTIFICATE_SUBJECT_NAMES',
      'a name with a line break',
      e => [
        ...e.filter(each => !each.includes(der.oid('2.5.29.17'))),
        subjectName(`https://github.com/${WORKFLOW}\n::warning::`)
      ]
    ]
  ])('%s: %s', async (code, _, extensions) => {
    await expect(signed({ extensions })).resolves.toBe(code)
  })

  it('but takes an empty claim for none', async () => {
    const empty = extension('1.3.6.1.4.1.57264.1.23', der.utf8(''))
    const { identity } = await verify(instance.sign({ extensions: e => [...e, empty] }))
    expect(identity?.claims).not.toHaveProperty('deploymentEnvironment')
  })

  it('reads what certificates said before 2023', async () => {
    const newer = Array.from({ length: 17 }, (_, i) => fulcio(i + 8))
    const legacy = (e: Buffer[]): Buffer[] =>
      e.filter(each => !newer.some(oid => each.includes(oid)))
    const policy = identityPolicy({ certificateIdentity: `https://github.com/${WORKFLOW}` }, {})
    const bundle = parseBundle(JSON.stringify(instance.sign({ extensions: legacy })), 'b')
    const options = { roots, digest: digestOf(FILE), expect: { kind: 'any' } as const }
    const { identity } = await verifyBundle(bundle, { ...options, signer: { identity: policy } })
    expect(identity.issuer).toBe('https://token.actions.githubusercontent.com')
    expect(identity.claims).toEqual({
      buildTrigger: 'push',
      sourceRepositoryDigest: DEFAULT_CLAIMS.sha,
      sourceRepositoryRef: 'refs/heads/main',
      sourceRepositoryURI: 'https://github.com/octo-org/octo-models'
    })
  })

  it('UNKNOWN_AUTHORITY: another instance of the same names', async () => {
    await expect(refusal(stranger.sign())).resolves.toBe('UNKNOWN_AUTHORITY')
  })

  it('CERTIFICATE_NOT_VALID_THEN: witnessed after it expired', async () => {
    const witnessed = new Date(Date.now() + 20 * 60_000)
    await expect(signed({ witnessed })).resolves.toBe('CERTIFICATE_NOT_VALID_THEN')
  })

  it('CERTIFICATE_NOT_VALID_THEN: an authority that was no longer one', async () => {
    const end = new Date(Date.now() - 3_600_000).toISOString()
    const past = instance.roots(put('certificateAuthorities.0.validFor.end', end))
    await expect(signed({}, { roots: past })).resolves.toBe('CERTIFICATE_NOT_VALID_THEN')
  })

  it('SCT_MISSING: no SCT where the instance has CT logs', async () => {
    await expect(signed({ sct: false })).resolves.toBe('SCT_MISSING')
  })

  it('SCT_INVALID: an SCT of another log', async () => {
    const other = instance.roots(put('ctlogs', stranger.rootJson().ctlogs))
    await expect(signed({}, { roots: other })).resolves.toBe('SCT_INVALID')
  })

  it('CERTIFICATE_CHAIN: more than the leaf, and the chain form in v0.3', async () => {
    const long = changed({}, asChain(V02, ...instance.fulcio.chain))
    await expect(refusal(long)).resolves.toBe('CERTIFICATE_CHAIN')
    await expect(verify(long)).rejects.toThrow(
      `a chain of ${instance.fulcio.chain.length + 1} certificates`
    )
    await expect(refusal(changed({}, asChain(V03)))).resolves.toBe('CERTIFICATE_CHAIN')
  })

  it('CERTIFICATE_MALFORMED: bytes that are no certificate, or have some behind it', async () => {
    const path = 'verificationMaterial.certificate.rawBytes'
    const bytes = (change: (der: Buffer) => Buffer): Json =>
      changed({}, bundle => {
        const der = Buffer.from(textAt(bundle, path), 'base64')
        put(path, change(der).toString('base64'))(bundle)
      })
    const spare = bytes(der => Buffer.concat([der, Buffer.from('x')]))
    const key = bytes(() => spki(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey))
    // The length of the whole in one byte more than it needs: read the same, not the same bytes.
    const long = bytes(der => Buffer.concat([Buffer.of(0x30, 0x83, 0), der.subarray(2)]))
    await expect(refusal(spare)).resolves.toBe('CERTIFICATE_MALFORMED')
    await expect(refusal(long)).resolves.toBe('CERTIFICATE_MALFORMED')
    await expect(refusal(key)).resolves.toBe('CERTIFICATE_MALFORMED')
    await expect(verify(key)).rejects.toHaveProperty('cause', expect.anything())
  })

  it('CERTIFICATE_MALFORMED: something else around the part that is signed, without a log that shows it', async () => {
    const path = 'verificationMaterial.certificate.rawBytes'
    const bare = instance.roots(put('tlogs', []))
    const around = (
      change: (algorithm: Buffer, signature: Buffer) => Uint8Array[]
    ): Promise<string> => {
      const bundle = instance.sign({ log: 'none' })
      const whole = ASN1Obj.parseBuffer(Buffer.from(textAt(bundle, path), 'base64'))
      const [signed, algorithm, signature] = whole.subs.map(each => each.toDER())
      if (!signed || !algorithm || !signature) throw new Error('not a certificate')
      const other = der.sequence(signed, ...change(algorithm, signature))
      put(path, other.toString('base64'))(bundle)
      return refusal(bundle, { roots: bare })
    }
    const spared = (signature: Buffer): Buffer => {
      // 30 xx: the length is one byte; then come the unused bits.
      const copy = Buffer.from(signature)
      copy[2] = 1
      return copy
    }
    await expect(around((algorithm, signature) => [algorithm, signature])).resolves.toBe('verified')
    await expect(
      around((algorithm, signature) => [
        der.sequence(ASN1Obj.parseBuffer(Buffer.from(algorithm)).value, der.nil()),
        signature
      ])
    ).resolves.toBe('CERTIFICATE_MALFORMED')
    await expect(around((algorithm, signature) => [algorithm, spared(signature)])).resolves.toBe(
      'CERTIFICATE_MALFORMED'
    )
  })

  it("GITHUB_INSTANCE_FOR_PUBLIC: GitHub's instance for a public repository, no other", async () => {
    const github = new Instance('GitHub, Inc.')
    const bare = github.roots(...EMPTY)
    const by = (claims: Differences['claims']): Promise<string> =>
      refusal(github.sign({ log: 'none', sct: false, ...(claims && { claims }) }), { roots: bare })
    await expect(by({})).resolves.toBe('GITHUB_INSTANCE_FOR_PUBLIC')
    const bundle = github.sign({ log: 'none', sct: false })
    await expect(verify(bundle, { roots: bare })).rejects.toThrow('this one is "public", and')
    const silent = github.sign({ log: 'none', sct: false, claims: { repository_visibility: '' } })
    await expect(verify(silent, { roots: bare })).rejects.toThrow('is of unknown visibility, and')
    await expect(by({ repository_visibility: '' })).resolves.toBe('GITHUB_INSTANCE_FOR_PUBLIC')
    await expect(by({ repository_visibility: 'private' })).resolves.toBe('verified')
    await expect(by({ repository_visibility: 'internal' })).resolves.toBe('verified')
  })
})

describe('verifyBundle refuses for the witnesses', () => {
  it.each<[string, string, Differences]>([
    ['LOG_ENTRY_MISSING', 'no entry where the instance has logs', { log: 'none' }],
    ['TIME_MISSING', 'no time at all', { log: 'v2', timestamp: false }],
    [
      'LOG_ENTRY_KIND',
      'a v1 hashedrekord for a statement',
      { statement: statement(), kind: 'hashedrekord' }
    ],
    ['LOG_ENTRY_KIND', 'a dsse entry for a message signature', { kind: 'dsse' }],
    [
      'LOG_ORIGIN',
      'a checkpoint of another log under the same key',
      { origin: 'log.test.evil - 1' }
    ],
    ['LOG_ORIGIN', 'the same in v2', { log: 'v2', origin: 'log' }]
  ])('%s: %s', async (code, _, o) => {
    await expect(signed(o)).resolves.toBe(code)
  })

  it.each<['v1' | 'v2', Record<'signature' | 'digest' | 'algorithm' | 'verifier', string>]>([
    [
      'v1',
      {
        signature: 'spec.signature.content',
        digest: 'spec.data.hash.value',
        algorithm: 'spec.data.hash.algorithm',
        verifier: 'spec.signature.publicKey'
      }
    ],
    [
      'v2',
      {
        signature: 'spec.hashedRekordV002.signature.content',
        digest: 'spec.hashedRekordV002.data.digest',
        algorithm: 'spec.hashedRekordV002.data.algorithm',
        verifier: 'spec.hashedRekordV002.signature.verifier'
      }
    ]
  ])('another signature, digest or certificate in the body of %s', async (log, where) => {
    const encoded = textAt(instance.sign({ log }), 'entry.canonicalizedBody')
    const other: unknown = JSON.parse(Buffer.from(encoded, 'base64').toString())
    const swapped = (path: string, value: unknown = at(other, path)): Promise<string> =>
      signed({ log, body: put(path, value) })

    await expect(swapped(where.signature)).resolves.toBe('LOG_BODY_SIGNATURE')
    await expect(swapped(where.digest, 'f'.repeat(64))).resolves.toBe('LOG_BODY_DIGEST')
    await expect(swapped(where.algorithm, 'sha512')).resolves.toBe('LOG_BODY_DIGEST')
    await expect(swapped(where.algorithm, 'SHA2_512')).resolves.toBe('LOG_BODY_DIGEST')
    await expect(swapped(where.verifier)).resolves.toBe('LOG_BODY_KEY')
    await expect(signed({ log, body: drop(where.verifier) })).resolves.toBe('LOG_ENTRY_INVALID')
  })

  it.each(['dsse', 'intoto'] as const)(
    'another payload or certificate in the body of %s, or two signatures',
    async kind => {
      const at = {
        dsse: { digest: 'spec.payloadHash.value', signatures: 'spec.signatures', key: 'verifier' },
        intoto: {
          digest: 'spec.content.payloadHash.value',
          signatures: 'spec.content.envelope.signatures',
          key: 'publicKey'
        }
      }[kind]
      const body = (edit: Edit): Promise<string> =>
        signed({ statement: statement(), kind, body: edit })
      await expect(body(put(at.digest, 'f'.repeat(64)))).resolves.toBe('LOG_BODY_DIGEST')
      const key = put(`${at.signatures}.0.${at.key}`, Buffer.from('x').toString('base64'))
      await expect(body(key)).resolves.toBe('LOG_BODY_KEY')
      const twice = put(at.signatures, (old: unknown) => [old, old].flat())
      await expect(body(twice)).resolves.toBe('LOG_ENTRY_INVALID')
    }
  )

  it('LOG_BODY_KEY: a second key, under which the very signature verifies', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const own = spki(key.publicKey)
    const found: Buffer[] = []
    const body: Edit = each => {
      const signature = Buffer.from(textAt(each, 'spec.signature.content'), 'base64')
      const other = otherKeyOf(signature, sha256(FILE), own)
      found.push(other)
      const pem = `-----BEGIN PUBLIC KEY-----\n${other.toString('base64')}\n-----END PUBLIC KEY-----\n`
      put('spec.signature.publicKey.content', Buffer.from(pem).toString('base64'))(each)
    }
    const code = await refusal(instance.sign({ key, body }), { key: key.publicKey })
    expect(found).toEqual([expect.not.objectContaining(own)])
    expect(code).toBe('LOG_BODY_KEY')
  })

  it('LOG_BODY_KEY: the bare key of the certificate, or the certificate and another', async () => {
    const body = (change: (pem: string) => string): Promise<string> =>
      signed({
        body: put('spec.signature.publicKey.content', (old: unknown) => {
          const pem = Buffer.from(String(old), 'base64').toString()
          return Buffer.from(change(pem)).toString('base64')
        })
      })
    await expect(body(pem => pem + pem)).resolves.toBe('LOG_BODY_KEY')
    await expect(body(pem => pem.replaceAll('CERTIFICATE', 'PUBLIC KEY'))).resolves.toBe(
      'LOG_BODY_KEY'
    )
  })

  it.each<['v1' | 'v2']>([['v1'], ['v2']])(
    'LOG_KEY_NOT_VALID_THEN or the like: a log key of %s that had expired',
    async log => {
      const end = new Date(Date.now() - 3_600_000).toISOString()
      const past = instance.roots(
        put('tlogs.0.publicKey.validFor.end', end),
        put('tlogs.1.publicKey.validFor.end', end)
      )
      // In v1 the library refuses the signed entry timestamp for it.
      const code = log === 'v1' ? 'LOG_PROMISE_INVALID' : 'LOG_KEY_NOT_VALID_THEN'
      await expect(signed({ log }, { roots: past })).resolves.toBe(code)
    }
  )

  it('LOG_KEY_NOT_VALID_THEN: a log key that is none now, for a signature by key without a time', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const end = new Date(Date.now() - 3_600_000).toISOString()
    const past = instance.roots(put('tlogs.1.publicKey.validFor.end', end))
    const o = { key, log: 'v2', timestamp: false } as const
    await expect(signed(o, { key: key.publicKey, roots: past })).resolves.toBe(
      'LOG_KEY_NOT_VALID_THEN'
    )
  })

  it('LOG_KEY_NOT_VALID_THEN: a log key that was not yet one', async () => {
    const start = new Date(Date.now() + 3_600_000).toISOString()
    const later = instance.roots(put('tlogs.1.publicKey.validFor.start', start))
    await expect(signed({ log: 'v2' }, { roots: later })).resolves.toBe('LOG_KEY_NOT_VALID_THEN')
  })

  it('accepts a log key to the second in which it ended', async () => {
    const then = new Date(Math.floor(Date.now() / 1000) * 1000)
    const until = instance.roots(put('tlogs.1.publicKey.validFor.end', then.toISOString()))
    await expect(signed({ log: 'v2', at: then }, { roots: until })).resolves.toBe('verified')
  })

  it('LOG_UNKNOWN: an entry in the log of another root than that of the certificate', async () => {
    const other = instance.roots(put('tlogs', []))
    const merged = [...other, ...stranger.roots(put('tlogs', instance.rootJson().tlogs))]
    await expect(signed({}, { roots: merged })).resolves.toBe('LOG_UNKNOWN')
  })

  it('LOG_UNKNOWN: an entry in a log that the root does not list', async () => {
    const other = instance.roots(put('tlogs', stranger.rootJson().tlogs))
    await expect(signed({}, { roots: other })).resolves.toBe('LOG_UNKNOWN')
  })

  it.each<[string, string, Edit]>([
    ['LOG_PROMISE_INVALID', 'promise', put('entry.inclusionPromise.signedEntryTimestamp', 'AAAA')],
    [
      'LOG_PROMISE_INVALID',
      'time',
      put('entry.integratedTime', (old: unknown) => String(Number(old) + 1))
    ],
    ['LOG_PROMISE_INVALID', 'index', put('entry.logIndex', '7')],
    ['LOG_PROOF_INVALID', 'hashes', put('entry.inclusionProof.hashes', [])],
    ['LOG_PROOF_INVALID', 'index of the proof', put('entry.inclusionProof.logIndex', '3')],
    ['LOG_PROOF_INVALID', 'checkpoint', put('entry.inclusionProof.checkpoint.envelope', 'x')],
    ['LOG_ENTRY_INVALID', 'version', put('entry.kindVersion.version', '0.0.2')],
    ['LOG_ENTRY_INVALID', 'body, into a list,', put('entry.canonicalizedBody', 'W10=')],
    ['LOG_ENTRY_KIND', 'kind', put('entry.kindVersion.kind', 'rpm')],
    ['JSON_INVALID', 'body', put('entry.canonicalizedBody', 'AAAA')]
  ])('%s: the %s of an entry changed afterwards', async (code, _, edit) => {
    await expect(refusal(changed({}, edit))).resolves.toBe(code)
  })

  it('LOG_ENTRY_INVALID: a body of another kind than the entry says', async () => {
    const honest = put('entry.kindVersion.kind', 'hashedrekord')
    const bundle = changed({ body: put('kind', 'dsse') }, honest)
    await expect(refusal(bundle)).resolves.toBe('LOG_ENTRY_INVALID')
  })

  it('LOG_ENTRY_INVALID: the same entry twice', async () => {
    const twice = put('verificationMaterial.tlogEntries', (old: unknown) => [old, old].flat())
    const bundle = changed({ log: 'v2' }, twice)
    await expect(refusal(bundle)).resolves.toBe('LOG_ENTRY_INVALID')
  })

  it.each<[string, Differences]>([
    ['The certificate in the bundle has no timestamp of a certificate transp', { sct: false }],
    ['The bundle has no transparency log entry', { log: 'none' }],
    ['The bundle has neither a timestamp nor a signed time', { log: 'v2', timestamp: false }]
  ])('says what is missing: %s', async (words, o) => {
    await expect(verify(instance.sign(o))).rejects.toThrow(words)
  })

  it('never takes a time from a v1 entry whose promise is gone', async () => {
    const bundle = changed({ timestamp: false }, drop('entry.inclusionPromise'))
    await expect(refusal(bundle)).resolves.toBe('TIME_MISSING')
  })

  it('shows no index and no time that nobody signed', async () => {
    const v1 = changed({}, drop('entry.inclusionPromise'), put('entry.logIndex', '7'))
    const { logEntry, times } = await verify(v1)
    expect(logEntry).not.toHaveProperty('index')
    expect(times).toMatchObject([{ source: 'timestamp-authority' }])
    const v2 = changed({ log: 'v2' }, put('entry.logIndex', '7'))
    expect((await verify(v2)).logEntry).not.toHaveProperty('index')
  })

  it.each<[string, Edit]>([
    [
      'of another signature',
      put(`${STAMPS}.0.signedTimestamp`, instance.stamp(Buffer.from('x'), new Date()))
    ],
    ['that cannot be read', put(`${STAMPS}.0.signedTimestamp`, 'AAAA')],
    ['that is only a status', put(`${STAMPS}.0.signedTimestamp`, 'MAMCAQI=')],
    ['twice the same', put(STAMPS, (old: unknown) => [old, old].flat())]
  ])('TIMESTAMP_INVALID: a timestamp %s', async (_, edit) => {
    await expect(refusal(changed({}, edit))).resolves.toBe('TIMESTAMP_INVALID')
  })

  it('says why a timestamp cannot be read', async () => {
    const bundle = changed({}, put(`${STAMPS}.0.signedTimestamp`, 'AAAA'))
    await expect(verify(bundle)).rejects.toHaveProperty('cause', expect.anything())
  })

  it.each([
    ['is no time', 'x'.repeat(15)],
    ['is in the 13th month', '20261301000000Z']
  ])('TIMESTAMP_INVALID: a timestamp whose time %s', async (_, time) => {
    const bundle = changed(
      {},
      put(`${STAMPS}.0.signedTimestamp`, (old: unknown) => {
        const stamp = Buffer.from(String(old), 'base64')
        stamp.write(time, stamp.toString('latin1').search(/\d{14}Z/)) // GeneralizedTime
        return stamp.toString('base64')
      })
    )
    await expect(verify(bundle)).rejects.toMatchObject({
      code: 'TIMESTAMP_INVALID',
      message: 'A timestamp in the bundle cannot be read.',
      cause: expect.anything() as unknown
    })
  })

  it('TIMESTAMP_INVALID: of an authority that is not listed, or no longer', async () => {
    const { timestampAuthorities } = stranger.rootJson()
    const other = instance.roots(put('timestampAuthorities', timestampAuthorities))
    const end = new Date(Date.now() - 3_600_000).toISOString()
    const past = instance.roots(put('timestampAuthorities.0.validFor.end', end))
    await expect(signed({}, { roots: other })).resolves.toBe('TIMESTAMP_INVALID')
    await expect(signed({}, { roots: past })).resolves.toBe('TIMESTAMP_INVALID')
  })
})

describe('verifyBundle with a key', () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  it.each<[string, Differences, TrustedRoot[]]>([
    ['all witnesses', {}, roots],
    ['Rekor v2 and no time', { log: 'v2', timestamp: false }, roots],
    ['no witness and no root', { log: 'none', timestamp: false }, []],
    ['a statement', { statement: statement() }, roots]
  ])('accepts it with %s', async (_, o, given) => {
    const code = await signed({ ...o, key }, { key: key.publicKey, roots: given })
    expect(code).toBe('verified')
  })

  it('refuses another key, whatever the bundle hints at', async () => {
    await expect(signed({ key }, { key: other.publicKey })).resolves.toBe('SIGNATURE_INVALID')
  })

  it('refuses witnesses that do not verify', async () => {
    await expect(signed({ key }, { key: key.publicKey, roots: [] })).resolves.toBe('LOG_UNKNOWN')
    const bare = { key, log: 'none' } as const
    await expect(signed(bare, { key: key.publicKey, roots: [] })).resolves.toBe('TIMESTAMP_INVALID')
  })

  it('refuses a key of a kind that cannot be verified', async () => {
    const { publicKey } = generateKeyPairSync('ed25519')
    await expect(signed({ key }, { key: publicKey })).resolves.toBe('KEY_UNSUPPORTED')
  })

  it('keeps keys and identities apart', async () => {
    await expect(signed({ key })).resolves.toBe('BUNDLE_HAS_KEY')
    await expect(signed({}, { key: key.publicKey })).resolves.toBe('BUNDLE_HAS_CERTIFICATE')
  })
})

describe('verifyBundle with an identity', () => {
  it('refuses a policy that asks for nothing, before anything else', async () => {
    const bundle = parseBundle(JSON.stringify(stranger.sign()), 'b')
    const options = { roots, digest: digestOf(FILE), expect: { kind: 'any' } as const }
    await expect(
      verifyBundle(bundle, { ...options, signer: { identity: { requirements: [] } } })
    ).rejects.toEqual(refusalOf('POLICY_INVALID'))
  })

  it('refuses another identity', async () => {
    const claims = {
      workflow_ref: 'octo-org/octo-models/.github/workflows/other.yml@refs/heads/main'
    }
    await expect(signed({ claims })).resolves.toBe('IDENTITY_MISMATCH')
  })
})
