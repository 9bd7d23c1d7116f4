import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { serializeBundle } from '../../../src/sigstore/bundle.ts'
import { openSession } from '../../../src/sigstore/session.ts'
import { fakeLog } from '../../http/loopback.ts'
import { client, startInstance } from '../../sigstore/instance.ts'
import { openScene, type Scene } from '../open-scene.ts'

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex')

const A = { name: 'a', algorithm: 'sha256', digest: sha256('one') }
const B = { name: 'b', algorithm: 'sha256', digest: sha256('two') }
const FILES = { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: [] }

type Said = { resources?: { name: string; digest: string }[]; root?: string; how?: object }

/** An OMS statement that its signer, who is the right one, got wrong. */
function statement({ resources = [A, B], root, how = {} }: Said): string {
  const digests = resources.map(({ digest }) => Buffer.from(digest, 'hex'))
  const right = createHash('sha256').update(Buffer.concat(digests)).digest('hex')
  return JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'model', digest: { sha256: root ?? right } }],
    predicateType: 'https://model_signing/signature/v1.0',
    predicate: { resources, serialization: { ...FILES, ...how } }
  })
}

const CASES: [code: string, what: string, said: Said][] = [
  ['MODEL_MISMATCH', 'a file that is not there', { resources: [A, B, { ...A, name: 'c' }] }],
  ['MODEL_MISMATCH', 'a file that nobody signed', { resources: [A] }],
  ['MODEL_MISMATCH', 'another content', { resources: [A, { ...B, digest: A.digest }] }],
  ['MODEL_NAME_UNSAFE', 'a name outside the model', { resources: [{ ...A, name: '../a' }, B] }],
  ['MODEL_NAME_TWICE', 'a name that is listed twice', { resources: [A, B, A] }],
  ['MODEL_ROOT', 'a root that the files do not have', { root: A.digest }],
  ['MODEL_METHOD', 'an unknown method', { how: { method: 'trees' } }],
  ['MODEL_HASH', 'an unknown hash', { how: { hash_type: 'blake3' } }],
  [
    'MODEL_SHARDS',
    'shards that do not cover the file',
    { resources: [{ ...A, name: 'a:1:3' }], how: { method: 'shards', shard_size: 2 } }
  ]
]

let scene: Scene
beforeAll(async () => {
  const instance = await startInstance()
  scene = await openScene(instance.sandbox)
  await scene.write('model/a', 'one')
  await scene.write('model/b', 'two')
  const session = openSession({ ...instance, http: client(), log: fakeLog() })
  const sign = async (name: string, said: Said): Promise<void> => {
    const bundle = await session.signStatement(Buffer.from(statement(said)))
    await scene.write(`${name}.sigstore.json`, serializeBundle(bundle))
  }
  await sign('honest', {})
  await Promise.all(CASES.map(([, what, said]) => sign(what, said)))
})
afterAll(async () => {
  await scene.close()
})

it('the same statement passes where it is true', async () => {
  const run = await scene.verify({ models: 'model', bundle: 'honest.sigstore.json' })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verified: 'true' } })
})

it.each(CASES)('row 18: %s: %s', async (code, what) => {
  const run = await scene.verify({ models: 'model', bundle: `${what}.sigstore.json` })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
  expect(run.annotations[0]?.message).toMatch(new RegExp(`\\[${code}\\]$`))
})
