import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { serializeBundle } from '../../src/sigstore/bundle.ts'
import { openSession } from '../../src/sigstore/session.ts'
import { fakeLog } from '../http/loopback.ts'
import { client, startInstance } from '../sigstore/instance.ts'
import { openScene, type Scene } from './open-scene.ts'
import { checkedResults } from './results.ts'
import type { ActionRun } from './runner.ts'

const PROVENANCE = 'https://slsa.dev/provenance/v1'
const TYPES = [PROVENANCE, 'https://spdx.dev/Document', 'https://example.com/evaluation/v1']
const FILES = { 'config.json': '{}', 'sub/weights': 'weights' }

const sha256 = (content: string | Buffer): Buffer => createHash('sha256').update(content).digest()
const ROOT = sha256(Buffer.concat(Object.values(FILES).map(sha256))).toString('hex')

let scene: Scene
let attest: (predicateType: string, root?: string) => Promise<string>
beforeEach(async () => {
  const instance = await startInstance()
  scene = await openScene(instance.sandbox)
  const session = openSession({ ...instance, http: client(), log: fakeLog() })
  attest = async (predicateType, root = ROOT) => {
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'm', digest: { sha256: root } }],
      predicateType,
      predicate: {}
    }
    const bundle = await session.signStatement(Buffer.from(JSON.stringify(statement)))
    return serializeBundle(bundle)
  }
  for (const [name, content] of Object.entries(FILES)) await scene.write(`m/${name}`, content)
})
afterEach(async () => {
  await scene.close()
})

function expectNo(run: ActionRun, code: string): void {
  expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
  expect(run.annotations[0]?.message).toMatch(new RegExp(`\\[${code}\\]$`))
}

it('an attestation of the digest over all files passes beside the signature that has it', async () => {
  await scene.sign({ models: 'm' })
  await scene.write('provenance.json', await attest(PROVENANCE))
  const bundle = 'm/model.sig\nprovenance.json'
  const verify = (): Promise<ActionRun> =>
    scene.verify({ models: 'm', bundle, 'predicate-type': PROVENANCE })

  const run = await verify()

  expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { verified: 'true' } })
  expect(run.summary).toContain(`<td><code>${PROVENANCE}</code></td>`)
  await scene.write('provenance.json', await attest(PROVENANCE, sha256('another').toString('hex')))
  const other = await verify()
  expectNo(other, 'NO_BUNDLE_VERIFIES')
  expect(other.log).toContain(
    'provenance.json: The statement in the bundle is about something else'
  )
})

it('an attestation alone does not pass: it would be true of files that changed places, too', async () => {
  await scene.write('provenance.json', await attest(PROVENANCE))
  const inputs = { models: 'm', bundle: 'provenance.json', 'predicate-type': PROVENANCE }
  expectNo(await scene.verify(inputs), 'PREDICATE_TYPE_MISMATCH')
})

it('what is ignored, and there, is told', async () => {
  await scene.write('m/logs/train.log', 'log')
  await scene.sign({ models: 'm', 'ignore-paths': 'm/logs' })
  await scene.write('m/.git/config', '')

  const run = await scene.verify({ models: 'm' })

  expect(run).toMatchObject({ exitCode: 0, annotations: [] })
  expect(run.log).toContain('Not signed, being ignored, in m: .git, logs\n')
  expect(run.summary).toContain(
    'Not signed, being ignored, in <code>m</code>: <code>.git, logs</code>.'
  )
  const { subjects } = await checkedResults('verify', run.outputs['results-path'])
  expect(subjects).toMatchObject([{ ignored: ['.git', 'logs'] }])
})

/** Says what is opened. */
const HOOK = `
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
const { openSync } = fs
fs.openSync = (path, ...more) => {
  console.log('opened', path)
  return openSync(path, ...more)
}
syncBuiltinESMExports()`

it('the files are read once for the signature and all attestations', async () => {
  await scene.sign({ models: 'm' })
  await scene.write(
    'bundles.jsonl',
    (await Promise.all(TYPES.map(type => attest(type)))).join('\n')
  )

  const run = await scene.verify(
    {
      models: 'm',
      bundle: 'm/model.sig\nbundles.jsonl',
      'predicate-type': ['signature', ...TYPES].join('\n')
    },
    { nodeOptions: ['--import', `data:text/javascript,${encodeURIComponent(HOOK)}`] }
  )

  expect(run).toMatchObject({ exitCode: 0, outputs: { verified: 'true' } })
  expect(run.summary.match(/<tr><td><code>m<\/code>/g)).toHaveLength(4)
  expect(run.log.match(/^opened .*weights$/gm)).toHaveLength(1)
})
