import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import type { Digester } from '../../src/trust/digester.ts'
import { bindSubject, readStatement, type Statement } from '../../src/trust/statement.ts'
import { digestOf, FILE, PREDICATE, statement } from './instance.ts'

const SHA256 = createHash('sha256').update(FILE).digest('hex')
const SHA512 = createHash('sha512').update(FILE).digest('hex')
const OTHER = 'f'.repeat(64)

function read(json: unknown, payloadType = 'application/vnd.in-toto+json'): Statement {
  return readStatement({ payloadType, payload: Buffer.from(JSON.stringify(json)) })
}

describe('readStatement', () => {
  it.each(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'])(
    'reads a %s',
    type => {
      const subject = [{ digest: { sha256: SHA256, md5: 'x' }, annotations: { a: 1 } }]
      expect(read(statement({ _type: type, subject, predicate: 5 }))).toEqual({
        type,
        predicateType: PREDICATE,
        predicate: 5,
        subjects: [
          {
            digests: new Map([
              ['sha256', SHA256],
              ['md5', 'x']
            ]),
            annotations: { a: 1 }
          }
        ]
      })
    }
  )

  const NO_TYPE =
    'is not an in-toto statement (_type is not https://in-toto.io/Statement/v1 or https://in-toto.io/Statement/v0.1)'
  const digest = (value: unknown): unknown => statement({ subject: [{ digest: value }] })
  it.each<[string, unknown]>([
    [NO_TYPE, statement({ _type: 'https://in-toto.io/Statement/v2' })],
    [NO_TYPE, statement({ _type: undefined })],
    [NO_TYPE, []],
    [NO_TYPE, null],
    ['has no predicateType', statement({ predicateType: undefined })],
    ['has no predicateType', statement({ predicateType: '' })],
    ['has no predicateType', statement({ predicateType: 5 })],
    ['has no subject', statement({ subject: undefined })],
    ['has no subject', statement({ subject: [] })],
    ['has no subject', statement({ subject: { length: 1 } })],
    ['has a subject without a digest', statement({ subject: [null] })],
    ['has a subject without a digest', statement({ subject: [{}] })],
    ['has a subject without a digest', digest(null)],
    ['has a subject without a digest', digest([SHA256])],
    ['has a subject without a digest', digest({})],
    ['has a digest that is not text', digest({ sha256: null })],
    ['has a digest that is not text', digest({ sha256: SHA256, md5: 5 })],
    ...['SHA256', 'Sha512', 'sha-256', 'SHA-512'].map((algorithm): [string, unknown] => [
      `names a digest algorithm "${algorithm}"; in-toto has it in lower case`,
      digest({ [algorithm]: SHA256 })
    ])
  ])('refuses what %s (%#)', (what, json) => {
    const message = `The payload of the bundle ${what}.`
    expect(() => read(json)).toThrow(
      expect.objectContaining({ code: 'STATEMENT_INVALID', message })
    )
  })

  it('refuses another payload type', () => {
    expect(() => read(statement(), 'text/plain')).toThrow(
      expect.objectContaining({
        code: 'PAYLOAD_TYPE',
        message:
          'The envelope in the bundle holds "text/plain", not an in-toto statement (application/vnd.in-toto+json).'
      })
    )
  })

  it('refuses what is not JSON', () => {
    const payload = Buffer.from('hello')
    expect(() => readStatement({ payloadType: 'application/vnd.in-toto+json', payload })).toThrow(
      expect.objectContaining({
        code: 'JSON_INVALID',
        message: 'The statement in the bundle is not JSON; it may be cut short or corrupted.'
      })
    )
  })

  it('refuses 1,025 subjects, and reads 1,024', () => {
    const subject = Array<unknown>(1024).fill({ digest: { sha256: SHA256 } })
    expect(read(statement({ subject })).subjects).toHaveLength(1024)
    expect(() => read(statement({ subject: [...subject, ...subject.slice(0, 1)] }))).toThrow(
      expect.objectContaining({
        code: 'BUNDLE_TOO_MANY',
        message: 'The statement in the bundle has 1025 subjects; at most 1024 are read.'
      })
    )
  })
})

describe('bindSubject', () => {
  const bind = (digests: Record<string, string>[], digest: Digester): Promise<void> =>
    bindSubject(read(statement({ subject: digests.map(each => ({ digest: each })) })), digest)

  it.each<[string, Record<string, string>[]]>([
    ['a sha256', [{ sha256: SHA256 }]],
    ['a sha256, whatever the sha512 beside it', [{ sha256: SHA256, sha512: OTHER }]],
    ['a sha512 without a sha256', [{ sha512: SHA512 }]],
    ['one of several', [{ sha256: OTHER }, { md5: OTHER }, { sha256: SHA256 }]],
    ['a sha512 behind another subject with its sha256', [{ sha256: OTHER }, { sha512: SHA512 }]]
  ])('is content with %s', async (_, subjects) => {
    await expect(bind(subjects, digestOf(FILE))).resolves.toBeUndefined()
  })

  it.each<[string, Record<string, string>[]]>([
    ['another sha256', [{ sha256: OTHER }]],
    ['another sha512', [{ sha512: OTHER }]],
    ['a sha512 beside another sha256', [{ sha256: OTHER, sha512: SHA512 }]],
    ['the sha256 under another name', [{ sha512: SHA256 }, { md5: SHA256 }]],
    ['the digest in upper case', [{ sha256: SHA256.toUpperCase() }]]
  ])('refuses %s', async (_, subjects) => {
    await expect(bind(subjects, digestOf(FILE))).rejects.toMatchObject({
      code: 'SUBJECT_MISMATCH',
      message: `The statement in the bundle is about something else: none of its ${subjects.length} subjects has the digest of what was given.`
    })
  })

  it('asks for no digest that no subject names', async () => {
    const asked: string[] = []
    await bind([{ sha512: SHA512 }], algorithm => {
      asked.push(algorithm)
      return digestOf(FILE)(algorithm)
    })
    expect(asked).toEqual(['sha512'])
  })
})
