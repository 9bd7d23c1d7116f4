import { describe, expect, it } from '@jest/globals'
import { readModelStatement, rootDigest } from '../../src/trust/model.ts'
import { all, at, drop, put, type Edit, type Json } from './edit.ts'
import { hashOf, MODEL, modelStatement, read, reroot, shardStatement } from './oms.ts'
import { codeOf } from './refusal.ts'

const files = modelStatement(MODEL)
const shards = shardStatement({ a: '0123456789' }, 4)
const IN_TOTO = 'application/vnd.in-toto+json'
const SERIALIZATION = 'predicate.serialization'
const FIRST = 'predicate.resources.0'

function refusal(statement: Json, ...edits: Edit[]): string {
  try {
    read(statement, ...edits)
    return 'read'
  } catch (error) {
    return codeOf(error)
  }
}

/** A third resource after the two that are there. */
const more =
  (name: string): Edit =>
  json => {
    const resources = at(json, 'predicate.resources') as Json[]
    resources.push({ name, algorithm: 'sha256', digest: hashOf(name) })
    reroot(json)
  }

describe('readModelStatement reads', () => {
  it('what was signed, in the order listed', () => {
    expect(read(files)).toEqual({
      name: 'a-model',
      root: at(files, 'subject.0.digest.sha256'),
      method: 'files',
      hashType: 'sha256',
      allowSymlinks: false,
      ignorePaths: [],
      resources: [
        { name: 'config.json', digest: hashOf('{}') },
        { name: 'weights/a.bin', digest: hashOf('weights') }
      ]
    })
  })

  it('shards', () => {
    const { resources, ...rest } = read(shards)
    expect(rest).toMatchObject({ method: 'shards', shardSize: 4 })
    expect(resources).toEqual([
      { name: 'a', shard: { start: 0, end: 4 }, digest: hashOf('0123') },
      { name: 'a', shard: { start: 4, end: 8 }, digest: hashOf('4567') },
      { name: 'a', shard: { start: 8, end: 10 }, digest: hashOf('89') }
    ])
  })

  it.each<[string, Json, Edit]>([
    [
      'any order',
      files,
      all(
        put('predicate.resources', (old: unknown) => (old as unknown[]).toReversed()),
        reroot
      )
    ],
    [
      'shards in any order',
      shards,
      json => {
        put('predicate.resources', (old: unknown) => (old as unknown[]).toReversed())(json)
        reroot(json)
      }
    ],
    [
      'ignored paths and links',
      files,
      all(
        put(`${SERIALIZATION}.allow_symlinks`, true),
        put(`${SERIALIZATION}.ignore_paths`, ['.git', 'model.sig'])
      )
    ],
    [
      'further digests and fields of the subject',
      files,
      all(put('subject.0.digest.sha512', 'f'.repeat(128)), put('subject.0.annotations', {}))
    ],
    ['further fields of a resource', files, put(`${FIRST}.mediaType`, 'text/plain')],
    ['BLAKE2b', modelStatement(MODEL, 'blake2b'), () => undefined],
    [
      "BLAKE2b by model_signing's name of it",
      modelStatement(MODEL, 'blake2b'),
      put(`${SERIALIZATION}.hash_type`, 'blake2')
    ],
    ["model_signing's algorithm of shards", shards, put(`${FIRST}.algorithm`, 'sha256-sharded-4')],
    [
      'names with colons, spaces and line breaks',
      modelStatement({ 'a:0:4 \n\\b': 'x' }),
      () => undefined
    ],
    [
      'shards of a file with colons in its name',
      shardStatement({ 'a:0:4': '0123' }, 4),
      () => undefined
    ],
    ['a name as long as any', modelStatement({ ['a/'.repeat(2047) + 'aa']: 'x' }), () => undefined],
    [
      'shards that start after ten bytes and more',
      shardStatement({ a: '0123456789abcd' }, 4),
      () => undefined
    ],
    ['one file that is the model', modelStatement({ '.': 'x' }), () => undefined]
  ])('%s', (_, statement, edit) => {
    expect(refusal(statement, edit)).toBe('read')
  })

  it('a shard size as Python writes it, 4.0', () => {
    const text = JSON.stringify(shards).replace('"shard_size":4', '"shard_size":4.0')
    expect(text).toContain('4.0')
    expect(readModelStatement({ payloadType: IN_TOTO, payload: Buffer.from(text) })).toMatchObject({
      shardSize: 4
    })
  })
})

describe('readModelStatement refuses', () => {
  it.each<[string, string, Edit, Json?]>([
    ['FIELD_INVALID', 'in-toto v0.1', put('_type', 'https://in-toto.io/Statement/v0.1')],
    [
      'PREDICATE_TYPE_MISMATCH',
      'another type',
      put('predicateType', 'https://slsa.dev/provenance/v1')
    ],
    [
      'PREDICATE_TYPE_MISMATCH',
      'a later version',
      put('predicateType', 'https://model_signing/signature/v1.1')
    ],
    [
      'PREDICATE_TYPE_MISMATCH',
      'what v0.2 wrote',
      put('predicateType', 'https://model_signing/Digests/v0.1')
    ],
    ['STATEMENT_INVALID', 'no subject', put('subject', [])],
    [
      'STATEMENT_INVALID',
      'two subjects',
      put('subject', (old: unknown) => [...(old as unknown[]), ...(old as unknown[])])
    ],
    [
      'FIELD_INVALID',
      'a subject without SHA-256',
      all(drop('subject.0.digest.sha256'), put('subject.0.digest.sha512', 'ff'))
    ],
    [
      'FIELD_INVALID',
      'a root in capitals',
      put('subject.0.digest.sha256', (old: unknown) => String(old).toUpperCase())
    ],
    ['MODEL_ROOT', 'a root of something else', put('subject.0.digest.sha256', 'f'.repeat(64))],
    ['MODEL_ROOT', 'a digest exchanged', put(`${FIRST}.digest`, 'f'.repeat(64))],
    ['STATEMENT_INVALID', 'no resources', all(put('predicate.resources', []), reroot)],
    ['UNKNOWN_FIELD', 'a field in the statement', put('more', 1)],
    ['UNKNOWN_FIELD', 'a field in the predicate', put('predicate.more', 1)],
    ['UNKNOWN_FIELD', 'a field in the serialization', put(`${SERIALIZATION}.more`, 1)],
    ['FIELD_INVALID', 'no serialization', drop(SERIALIZATION)],
    ['FIELD_INVALID', 'no method', drop(`${SERIALIZATION}.method`)],
    ['FIELD_INVALID', 'no word on links', drop(`${SERIALIZATION}.allow_symlinks`)],
    [
      'FIELD_INVALID',
      'a word on links that is text',
      put(`${SERIALIZATION}.allow_symlinks`, 'false')
    ],
    ['FIELD_INVALID', 'ignored paths that are no list', put(`${SERIALIZATION}.ignore_paths`, 'a')],
    ['FIELD_INVALID', 'an ignored path that is no text', put(`${SERIALIZATION}.ignore_paths`, [1])],
    ['MODEL_METHOD', 'an unknown method', put(`${SERIALIZATION}.method`, 'chunks')],
    ['MODEL_HASH', 'an unknown hash', put(`${SERIALIZATION}.hash_type`, 'blake3')],
    [
      'MODEL_HASH',
      "an object's own words for a hash",
      put(`${SERIALIZATION}.hash_type`, 'constructor')
    ],
    ['MODEL_HASH', 'an unknown algorithm of a resource', put(`${FIRST}.algorithm`, 'blake3')],
    ['MODEL_HASH', 'another algorithm for one resource', put(`${FIRST}.algorithm`, 'blake2b')],
    [
      'MODEL_HASH',
      'the algorithm of shards for a file',
      put(`${FIRST}.algorithm`, 'sha256-sharded-4')
    ],
    [
      'MODEL_HASH',
      'the algorithm of other shards',
      put(`${FIRST}.algorithm`, 'sha256-sharded-5'),
      shards
    ],
    [
      'MODEL_HASH',
      'the algorithm of shards of no size',
      put(`${FIRST}.algorithm`, 'sha256-sharded-undefined')
    ],
    ['FIELD_INVALID', 'a resource without a digest', drop(`${FIRST}.digest`)],
    [
      'FIELD_INVALID',
      'a digest in capitals',
      put(`${FIRST}.digest`, (old: unknown) => String(old).toUpperCase())
    ],
    ['FIELD_INVALID', 'a digest cut short', all(put(`${FIRST}.digest`, 'ab'), reroot)],
    [
      'FIELD_INVALID',
      'a digest of another length',
      all(put(`${FIRST}.digest`, 'f'.repeat(128)), reroot)
    ],
    ['FIELD_INVALID', 'a digest that is none', put(`${FIRST}.digest`, 'g'.repeat(64))],
    ['FIELD_INVALID', 'a resource that is text', put(FIRST, 'a')],
    ['MODEL_NAME_TWICE', 'a name twice', more('config.json')],
    ['MODEL_NAME_UNSAFE', 'a path from the root', more('/etc/passwd')],
    ['MODEL_NAME_UNSAFE', 'a path upwards', more('a/../../b')],
    ['MODEL_NAME_UNSAFE', 'a path longer than any', more('a/'.repeat(2048) + 'a')],
    ['MODEL_NAME_UNSAFE', 'the folder above', more('..')],
    ['MODEL_NAME_UNSAFE', 'a second spelling', more('./config.json')],
    ['MODEL_NAME_UNSAFE', 'the model itself among others', more('.')],
    ['MODEL_NAME_UNSAFE', 'an empty part', more('a//b')],
    ['MODEL_NAME_UNSAFE', 'a folder', more('a/')],
    ['MODEL_NAME_UNSAFE', 'no name', more('')],
    ['MODEL_NAME_UNSAFE', 'a NUL', more('a\0b')],
    ['MODEL_NAME_UNSAFE', 'what is not UTF-8', more('a\ud800')],
    [
      'MODEL_NAME_UNSAFE',
      'a shard of a path upwards',
      () => undefined,
      shardStatement({ '../a': '0123' }, 4)
    ],
    ['MODEL_SHARDS', 'a shard size for files', put(`${SERIALIZATION}.shard_size`, 4)],
    ['MODEL_SHARDS', 'shards without a size', drop(`${SERIALIZATION}.shard_size`), shards],
    [
      'FIELD_INVALID',
      'a shard size that is broken',
      put(`${SERIALIZATION}.shard_size`, 4.5),
      shards
    ],
    ['FIELD_INVALID', 'a shard size of zero', put(`${SERIALIZATION}.shard_size`, 0), shards],
    ['MODEL_SHARDS', 'a shard without a range', put(`${FIRST}.name`, 'a'), shards],
    ['MODEL_SHARDS', 'a range with something behind it', put(`${FIRST}.name`, 'a:0:4 '), shards],
    ['MODEL_SHARDS', 'a range in other digits', put(`${FIRST}.name`, 'a:00:4'), shards],
    [
      'MODEL_SHARDS',
      'a gap at the start',
      all(
        put('predicate.resources', (old: unknown) => (old as unknown[]).slice(1)),
        reroot
      ),
      shards
    ],
    [
      'MODEL_SHARDS',
      'a gap within',
      all(
        put('predicate.resources', (old: unknown) => (old as unknown[]).toSpliced(1, 1)),
        reroot
      ),
      shards
    ],
    ['MODEL_SHARDS', 'shards that overlap', put('predicate.resources.1.name', 'a:3:8'), shards],
    [
      'MODEL_SHARDS',
      'a shard larger than agreed',
      put('predicate.resources.2.name', 'a:8:13'),
      shards
    ],
    [
      'MODEL_SHARDS',
      'a smaller shard before the last',
      put('predicate.resources.1.name', 'a:4:7'),
      shards
    ],
    ['MODEL_SHARDS', 'a shard of nothing', put('predicate.resources.2.name', 'a:8:8'), shards],
    [
      'MODEL_SHARDS',
      'a shard that runs backwards',
      put('predicate.resources.2.name', 'a:8:6'),
      shards
    ]
  ])('%s: %s', (code, _, edit, statement = files) => {
    expect(refusal(statement, edit)).toBe(code)
  })

  const root = String(at(files, 'subject.0.digest.sha256'))
  const wrong = 'f'.repeat(64)

  it.each<[string, Edit, Json?]>([
    [
      'The attestation in the bundle is of the type "a", not the signature of a model (https://model_signing/signature/v1.0).',
      put('predicateType', 'a')
    ],
    ['STATEMENT is about 0 subjects; a model is exactly one.', put('subject', [])],
    [
      `STATEMENT contradicts itself: its subject has the digest ${wrong}, the files that it lists have ${root}.`,
      put('subject.0.digest.sha256', wrong)
    ],
    ['STATEMENT.predicate.serialization.method is not present.', drop(`${SERIALIZATION}.method`)],
    [
      'The model was signed by the method "chunks", which is unknown here; "files" and "shards" can be verified.',
      put(`${SERIALIZATION}.method`, 'chunks')
    ],
    [
      'The model was signed with the hash "blake3", which is unknown here; SHA-256 and BLAKE2b can be verified.',
      put(`${SERIALIZATION}.hash_type`, 'blake3')
    ],
    [
      'STATEMENT.predicate.serialization has a shard_size, which belongs to method "shards".',
      put(`${SERIALIZATION}.shard_size`, 4)
    ],
    [
      'STATEMENT.predicate.serialization has no shard_size, without which there is no method "shards".',
      drop(`${SERIALIZATION}.shard_size`),
      shards
    ],
    [
      'STATEMENT.predicate.resources is empty; there is no model without a file.',
      put('predicate.resources', [])
    ],
    ['STATEMENT.predicate.resources[0] is not an object.', put(FIRST, 'a')],
    ['STATEMENT.predicate.resources[0].name is not present.', drop(`${FIRST}.name`)],
    ['STATEMENT.predicate.resources[0].name is not a string.', put(`${FIRST}.name`, 1)],
    ['STATEMENT.predicate.resources[0].digest is not present.', drop(`${FIRST}.digest`)],
    ['STATEMENT.predicate.resources[0].algorithm is not present.', drop(`${FIRST}.algorithm`)],
    [
      'STATEMENT.predicate.resources has "config.json" twice, so readers may disagree on its digest.',
      more('config.json')
    ],
    [
      'STATEMENT lists a digest by "blake2b", and says that all are by sha256.',
      put(`${FIRST}.algorithm`, 'blake2b')
    ],
    [
      'STATEMENT.predicate.resources[0].digest is not a digest of 64 lower-case hexadecimal digits.',
      put(`${FIRST}.digest`, 'ab')
    ],
    [
      'STATEMENT lists "a??[31mb", which is not the name of a file within the model.',
      more('a\0\u001b[31mb')
    ],
    ['STATEMENT lists ".", which is not the name of a file within the model.', more('.')],
    [
      'STATEMENT.predicate.resources[0] is named "a"; a shard is named by its file, where it starts and where it ends.',
      put(`${FIRST}.name`, 'a'),
      shards
    ],
    [
      'STATEMENT has "a" in shards that are not the whole file in parts of 4 bytes: one is 3 to 8.',
      put('predicate.resources.1.name', 'a:3:8'),
      shards
    ]
  ])('with: %s', (words, edit, statement = files) => {
    const expected = words.replace('STATEMENT', 'The model statement in the bundle')
    expect(() => read(statement, edit)).toThrow(expect.objectContaining({ message: expected }))
  })

  it('another payload type', () => {
    const payload = Buffer.from(JSON.stringify(files))
    expect(() => {
      readModelStatement({ payloadType: 'text/plain', payload })
    }).toThrow(expect.objectContaining({ code: 'PAYLOAD_TYPE' }))
  })
})

describe('rootDigest', () => {
  it('is over the digests in their order', () => {
    expect(rootDigest([])).toMatch(/^e3b0c442/)
    expect(rootDigest(['00', 'ff'])).not.toBe(rootDigest(['ff', '00']))
  })
})
