import { createHash } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { imageStatement } from '../../src/statements/image.ts'
import { sha256 } from '../../sandbox/certificate.ts'
import { parseBundle } from '../../src/trust/bundle.ts'
import { identityPolicy } from '../../src/trust/policy-inputs.ts'
import { verifyBundle, type Verified } from '../../src/trust/verify.ts'
import { all, drop, put, type Edit, type Json } from './edit.ts'
import { digestOf, FILE, Instance, statement } from './instance.ts'
import { codeOf } from './refusal.ts'

// The manifest of an image.
const HEX = sha256(FILE).toString('hex')
const SHA512 = createHash('sha512').update(FILE).digest('hex')
const OTHER = { sha256: 'f'.repeat(64) }

const instance = new Instance()
const roots = instance.roots()
const context = {
  repositoryId: '640123001',
  workflowRef: 'octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'
}

function honest(annotations: Record<string, string> = {}): Json {
  const image = { name: 'ghcr.io/o/app', digest: `sha256:${HEX}`, annotations }
  return JSON.parse(imageStatement(image).toString()) as Json
}

function verify(statement: Json | undefined, required = {}): Promise<Verified> {
  const bundle = instance.sign({ statement })
  return verifyBundle(parseBundle(JSON.stringify(bundle), 'b.json'), {
    roots,
    digest: digestOf(FILE),
    expect: { kind: 'image-signature', annotations: required },
    signer: { identity: identityPolicy({}, context) }
  })
}

async function refusal(statement: Json | undefined, required = {}): Promise<string> {
  try {
    await verify(statement, required)
    return 'verified'
  } catch (error) {
    return `${codeOf(error)}: ${error instanceof Error ? error.message : ''}`
  }
}

function changed(...edits: Edit[]): Json {
  const json = honest({ a: '1' })
  all(...edits)(json)
  return json
}

describe("an image's signature", () => {
  it('is believed, and what was signed along is told', async () => {
    await expect(verify(honest({ a: '1', b: '2' }), { b: '2' })).resolves.toMatchObject({
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      annotations: { a: '1', b: '2' },
      identity: { subjectAlternativeName: `https://github.com/${context.workflowRef}` }
    })
  })

  // cosign.md §0: what its versions leave out
  it.each<[string, Edit]>([
    ['no predicate', drop('predicate')],
    ['no annotations', drop('subject.0.annotations')],
    ['annotations that are null', put('subject.0.annotations', null)],
    ['no name', drop('subject.0.name')],
    [
      'a subject before it',
      put('subject', (old: unknown) => [{ digest: OTHER }, ...(old as unknown[])])
    ]
  ])('may have %s', async (_, edit) => {
    await expect(refusal(changed(edit))).resolves.toBe('verified')
  })

  it.each([
    'https://slsa.dev/provenance/v1',
    'https://sigstore.dev/cosign/sign/v1.1',
    'https://sigstore.dev/cosign/sign/v'
  ])('NOT_AN_IMAGE_SIGNATURE: %s', async type => {
    await expect(refusal(changed(put('predicateType', type)))).resolves.toMatch(
      `NOT_AN_IMAGE_SIGNATURE: The bundle is an attestation of the type "${type}", not`
    )
  })

  it('NOT_AN_IMAGE_SIGNATURE: a plain signature of the manifest', async () => {
    await expect(refusal(undefined)).resolves.toMatch(
      'NOT_AN_IMAGE_SIGNATURE: The bundle is a plain signature of bytes, not'
    )
  })

  it('is neither a statement of another type nor a message signature', async () => {
    for (const expectation of [
      { kind: 'message-signature' },
      { kind: 'statement', predicateType: 'https://slsa.dev/provenance/v1' }
    ] as const) {
      const bundle = parseBundle(JSON.stringify(instance.sign({ statement: honest() })), 'b')
      const signer = { identity: identityPolicy({}, context) }
      await expect(
        verifyBundle(bundle, { roots, digest: digestOf(FILE), expect: expectation, signer })
      ).rejects.toThrow()
    }
  })

  it.each<[string, Edit, string]>([
    ['v0.1', put('_type', 'https://in-toto.io/Statement/v0.1'), 'older form'],
    ['a predicate that says something', put('predicate', { revoked: true }), 'not empty'],
    ['a predicate that is a list', put('predicate', []), 'not empty'],
    ['a predicate that is null', put('predicate', null), 'not empty'],
    ['annotations that are a list', put('subject.0.annotations', ['a']), 'no object'],
    ['annotations that are text', put('subject.0.annotations', 'a'), 'no object'],
    [
      'the same image twice',
      put('subject', (old: unknown[]) => [...old, { digest: { sha256: HEX } }]),
      'same image twice'
    ]
  ])('STATEMENT_INVALID: %s', async (_, edit, words) => {
    const found = await refusal(changed(edit))
    expect(found).toMatch('STATEMENT_INVALID')
    expect(found).toMatch(words)
  })

  it.each<[string, Edit]>([
    ['another image', put('subject.0.digest', OTHER)],
    ['a digest in capitals', put('subject.0.digest', { sha256: HEX.toUpperCase() })],
    ['its sha512 alone, which names no image', put('subject.0.digest', { sha512: SHA512 })]
  ])('SUBJECT_MISMATCH: %s', async (_, edit) => {
    await expect(refusal(changed(edit))).resolves.toMatch('SUBJECT_MISMATCH')
  })

  it.each<[string, Json, Record<string, string>, string]>([
    ['another value', honest({ a: '1' }), { a: '2' }, '"a": expected "2", found "1"'],
    ['a longer value', honest({ a: '12' }), { a: '1' }, '"a": expected "1", found "12"'],
    ['no such key', honest({ b: '1' }), { a: '1' }, '"a": expected "1", found none'],
    ['a key of every object', honest(), { toString: 'x' }, '"toString": expected "x", found none'],
    ['one of two', honest({ a: '1' }), { a: '1', b: '2' }, '"b": expected "2", found none'],
    [
      'two',
      honest(),
      { a: '1', b: '2' },
      '("a": expected "1", found none; "b": expected "2", found none)'
    ],
    [
      'a number',
      changed(put('subject.0.annotations', { a: 1 })),
      { a: '1' },
      '"a": expected "1", found a value that is no text'
    ],
    [
      'that of another image in the same statement',
      changed(
        put('subject.0.annotations', {}),
        put('subject', (old: unknown[]) => [{ digest: OTHER, annotations: { a: '1' } }, ...old])
      ),
      { a: '1' },
      'found none'
    ],
    [
      'one of the statement itself',
      changed(drop('subject.0.annotations'), put('annotations', { a: '1' })),
      { a: '1' },
      'found none'
    ]
  ])('ANNOTATION_MISMATCH: %s', async (_, json, required, words) => {
    const found = await refusal(json, required)
    expect(found).toMatch('ANNOTATION_MISMATCH')
    expect(found).toContain(words)
  })

  it('SIGNATURE_INVALID: annotations added after it was signed', async () => {
    const bundle = instance.sign({ statement: honest() })
    const payload = Buffer.from(JSON.stringify(honest({ a: '1' }))).toString('base64')
    put('dsseEnvelope.payload', payload)(bundle)
    await expect(
      verifyBundle(parseBundle(JSON.stringify(bundle), 'b'), {
        roots,
        digest: digestOf(FILE),
        expect: { kind: 'image-signature', annotations: { a: '1' } },
        signer: { identity: identityPolicy({}, context) }
      })
    ).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' })
  })

  it('tells no annotations of what is no image', async () => {
    const bundle = parseBundle(JSON.stringify(instance.sign({ statement: statement() })), 'b')
    const signer = { identity: identityPolicy({}, context) }
    const options = { roots, digest: digestOf(FILE), expect: { kind: 'any' }, signer } as const
    await expect(verifyBundle(bundle, options)).resolves.not.toHaveProperty('annotations')
  })
})
