import { describe, expect, it } from '@jest/globals'
import { compareModel, type ModelFiles } from '../../src/trust/model-files.ts'
import { ModelMismatch, type ModelDifferences } from '../../src/trust/model-mismatch.ts'
import type { ModelStatement } from '../../src/trust/model.ts'
import { put } from './edit.ts'
import { filesOf, MODEL, modelStatement, read, shardStatement, type Asked } from './oms.ts'
import { setCalls } from './set-calls.ts'

const signed = read(modelStatement(MODEL))
const ignoring = (...paths: string[]): ModelStatement =>
  read(modelStatement(MODEL), put('predicate.serialization.ignore_paths', paths))

async function compare(
  statement: ModelStatement,
  files: ModelFiles
): Promise<Partial<ModelDifferences> | 'equal'> {
  try {
    await compareModel(statement, files)
    return 'equal'
  } catch (error) {
    if (!(error instanceof ModelMismatch)) throw error
    return Object.fromEntries(
      Object.entries(error.differences).filter(([, names]) => names.length > 0)
    )
  }
}

describe('compareModel', () => {
  it.each<[string, ModelStatement, ModelFiles, Partial<ModelDifferences> | 'equal']>([
    ['takes the model as it was signed', signed, filesOf(MODEL), 'equal'],
    [
      'refuses a file that nobody signed',
      signed,
      filesOf({ ...MODEL, 'weights/b.bin': '' }),
      { extra: ['weights/b.bin'] }
    ],
    [
      'refuses a model with a file missing',
      signed,
      filesOf({ 'config.json': '{}' }),
      { missing: ['weights/a.bin'] }
    ],
    [
      'refuses a changed file',
      signed,
      filesOf({ ...MODEL, 'config.json': '[]' }),
      { changed: ['config.json'] }
    ],
    [
      'names all that differs, sorted',
      signed,
      filesOf({ c: '', b: '', 'config.json': '[]' }),
      { extra: ['b', 'c'], missing: ['weights/a.bin'], changed: ['config.json'] }
    ],
    [
      'does not take one file for another',
      signed,
      filesOf({ 'config.json': 'weights', 'weights/a.bin': '{}' }),
      { changed: ['config.json', 'weights/a.bin'] }
    ],
    [
      'takes what the signer ignored, and all below it',
      ignoring('.git', 'model.sig'),
      filesOf({ ...MODEL, 'model.sig': 's', '.git/objects/x': 'x' }),
      'equal'
    ],
    [
      'refuses what only begins like an ignored path',
      ignoring('.git', 'model.sig'),
      filesOf({ ...MODEL, '.gitx': '', '.gitz/a/b': '', 'a/.git': '', 'model.sig.bak': '' }),
      { extra: ['.gitx', '.gitz/a/b', 'a/.git', 'model.sig.bak'] }
    ],
    [
      'takes what the verifier ignores',
      signed,
      filesOf({ ...MODEL, 'README.md': '' }, { ignores: name => name === 'README.md' }),
      'equal'
    ],
    [
      'compares what is ignored and signed',
      ignoring('weights'),
      filesOf({ ...MODEL, 'weights/a.bin': 'WEIGHTS', 'weights/b': '' }),
      { changed: ['weights/a.bin'] }
    ],
    [
      'misses what is ignored and signed, even if the verifier ignores everything',
      ignoring('weights'),
      filesOf({ 'config.json': '{}' }, { ignores: () => true }),
      { missing: ['weights/a.bin'] }
    ],
    [
      'refuses what lies beside an ignored file',
      ignoring('weights/a.bin'),
      filesOf({ ...MODEL, 'weights/b': '' }),
      { extra: ['weights/b'] }
    ],
    ['takes BLAKE2b', read(modelStatement(MODEL, 'blake2b')), filesOf(MODEL), 'equal'],
    [
      'refuses a changed file by BLAKE2b',
      read(modelStatement(MODEL, 'blake2b')),
      filesOf({ ...MODEL, 'config.json': '[]' }),
      { changed: ['config.json'] }
    ]
  ])('%s', async (_, statement, files, expected) => {
    await expect(compare(statement, files)).resolves.toEqual(expected)
  })

  it('looks into an ignored folder for what is signed, and at nothing else there', async () => {
    const contents = { ...MODEL, 'weights/b': '', 'other/c': '' }
    const skipped: string[] = []
    const files = filesOf(contents)
    const find: ModelFiles['find'] = o => {
      const names = ['weights', 'weights/a.bin', 'weights/b', 'other', 'config.json']
      skipped.push(...names.filter(o.skip))
      return files.find(o)
    }
    await expect(compare(ignoring('weights', 'other'), { ...files, find })).resolves.toBe('equal')
    expect(skipped).toEqual(['weights/b', 'other'])
  })

  it('takes what is ignored also from those who looked there in vain', async () => {
    const contents = { ...MODEL, 'model.sig': 's', 'README.md': '' }
    const files = filesOf(contents, { ignores: name => name === 'README.md' })
    const find: ModelFiles['find'] = o => files.find({ ...o, skip: () => false })
    await expect(compare(ignoring('model.sig'), { ...files, find })).resolves.toBe('equal')
  })

  it('keeps no folders of what is listed where nothing of it is ignored', async () => {
    const contents = { [`${'a/'.repeat(2000)}f`]: '' }
    const statement = read(modelStatement(contents))
    const kept = await setCalls('add', () =>
      expect(compare(statement, filesOf(contents))).resolves.toBe('equal')
    )
    expect(kept.filter(each => String(each).startsWith('a/'))).toEqual([])
  })

  it('follows links where the signer did', async () => {
    const asked: Asked = []
    const statement = read(
      modelStatement(MODEL),
      put('predicate.serialization.allow_symlinks', true)
    )
    await expect(compare(statement, filesOf(MODEL, { asked }))).resolves.toBe('equal')
    expect(asked).toContain('find links')
  })

  it('has the first fifty names in the message, and all with the error', async () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`\u001b${100 + i}`, '']))
    const error = await compareModel(signed, filesOf({ ...MODEL, ...many })).catch(
      (reason: unknown) => reason
    )
    const { message, code, differences } = error as ModelMismatch
    expect(code).toBe('MODEL_MISMATCH')
    expect(differences.extra).toHaveLength(60)
    expect(message).toContain('60 neither signed nor ignored ("?100", "?101"')
    expect(message).toContain('"?149", and 10 more)')
    expect(message).not.toContain('150')
  })

  it('ends the message with what to do, within what a runner shows of it', async () => {
    const many = (letter: string): Record<string, string> =>
      Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${i}${letter.repeat(200)}`, '']))
    const statement = read(modelStatement({ ...many('a'), ...many('b') }))
    const changed = Object.fromEntries(Object.keys(many('a')).map(name => [name, 'x']))
    const error = await compareModel(statement, filesOf({ ...changed, ...many('c') })).catch(
      (reason: unknown) => reason
    )
    const { message } = error as ModelMismatch
    expect(message).toMatch(
      /60 changed .* and 56 more\); 60 missing .*; 60 neither .* and 56 more\)/
    )
    expect(message).toMatch(/ "lfs: true" .* give ignore-paths for what may be in it unsigned\.$/)
    expect(message.length).toBeLessThan(3500)
  })
})

describe('compareModel with one file', () => {
  const single = { single: true }
  const dot = read(modelStatement({ '.': 'GGUF' }))
  const named = read(modelStatement({ 'model.gguf': 'GGUF' }))

  it.each<[string, ModelStatement, ModelFiles, Partial<ModelDifferences> | 'equal']>([
    [
      'takes it by the name that Python gives it',
      dot,
      filesOf({ 'm.gguf': 'GGUF' }, single),
      'equal'
    ],
    ['takes it by its own name', named, filesOf({ 'model.gguf': 'GGUF' }, single), 'equal'],
    ['takes a folder with that file', named, filesOf({ 'model.gguf': 'GGUF' }), 'equal'],
    [
      'refuses it by another name',
      named,
      filesOf({ 'm.gguf': 'GGUF' }, single),
      { extra: ['m.gguf'], missing: ['model.gguf'] }
    ],
    [
      'refuses it changed, by the name that it has here',
      dot,
      filesOf({ 'm.gguf': 'X' }, single),
      { changed: ['m.gguf'] }
    ],
    [
      'does not take a folder for the file',
      dot,
      filesOf({ 'm.gguf': 'GGUF' }),
      { extra: ['m.gguf'], missing: ['.'] }
    ]
  ])('%s', async (_, statement, files, expected) => {
    await expect(compare(statement, files)).resolves.toEqual(expected)
  })
})

describe('compareModel with shards', () => {
  const shards = read(shardStatement({ a: '0123456789', b: 'xy' }, 4))

  it.each<[string, Record<string, string>, Partial<ModelDifferences> | 'equal']>([
    ['takes the model as it was signed', { a: '0123456789', b: 'xy' }, 'equal'],
    ['refuses a changed byte', { a: '0123x56789', b: 'xy' }, { changed: ['a'] }],
    ['refuses bytes after the last shard', { a: '0123456789more', b: 'xy' }, { changed: ['a'] }],
    ['refuses a file cut short', { a: '01234567', b: 'xy' }, { changed: ['a'] }],
    ['refuses a missing file', { a: '0123456789' }, { missing: ['b'] }],
    [
      'refuses an unsigned file without bytes',
      { a: '0123456789', b: 'xy', c: '' },
      { extra: ['c'] }
    ]
  ])('%s', async (_, contents, expected) => {
    await expect(compare(shards, filesOf(contents))).resolves.toEqual(expected)
  })

  it('hashes each shard, and no file of another size', async () => {
    const asked: Asked = []
    await compare(shards, filesOf({ a: '0123456789', b: 'xyz' }, { asked }))
    expect(asked).toEqual(['find', 'hash a 0 4', 'hash a 4 8', 'hash a 8 10'])
  })
})
