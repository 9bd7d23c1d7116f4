import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { startSandbox, type Sandbox } from '../../sandbox/client.ts'
import { requestIdToken } from '../id-token.ts'

const adapter = fileURLToPath(new URL('../../conformance/model-signing', import.meta.url))
const folder = mkdtempSync(path.join(tmpdir(), 'model-signing-'))
const at = (...names: string[]): string => path.join(folder, ...names)
const model = at('model')
const bundle = at('model', 'model.sig')
let sandbox: Sandbox

// Each run of the adapter is a process of its own, on a machine that may be busy.
jest.setTimeout(60_000)

beforeAll(async () => {
  sandbox = await startSandbox()
  const [trustedRoot, signingConfig] = [sandbox.trustedRoot, sandbox.signingConfig].map(
    file => JSON.parse(readFileSync(file, 'utf8')) as unknown
  )
  writeFileSync(at('trust.json'), JSON.stringify({ trustedRoot, signingConfig }))
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-521' })
  writeFileSync(at('key.pem'), keys.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  writeFileSync(at('key.pub'), keys.publicKey.export({ type: 'spki', format: 'pem' }))
})

afterAll(async () => {
  await sandbox.stop()
  rmSync(folder, { recursive: true })
})

beforeEach(() => {
  rmSync(model, { recursive: true, force: true })
  mkdirSync(at('model', 'sub'), { recursive: true })
  writeFileSync(at('model', 'config.json'), '{}')
  writeFileSync(at('model', 'sub', 'weights.bin'), 'weights')
  writeFileSync(at('model', 'notes'), 'not signed')
})

/** As a suite starts it: the file itself, found by its first line. */
function run(...args: string[]): Promise<{ code: unknown; errors: string }> {
  return new Promise(resolve => {
    execFile(adapter, args, (error, _, errors) => {
      resolve({ code: error?.code ?? 0, errors })
    })
  })
}

const ignore = ['--ignore-paths', at('model', 'notes')]
const sign = (...args: string[]): Promise<{ code: unknown; errors: string }> =>
  run('sign-model', '--model-path', model, '--output-bundle', bundle, ...ignore, ...args)
const verify = (...args: string[]): Promise<{ code: unknown; errors: string }> =>
  run('verify-model', '--model-path', model, '--bundle', bundle, ...args)
const refused = (code: string): unknown =>
  expect.objectContaining({ code: 1, errors: expect.stringMatching(new RegExp(`^${code}: `)) })

describe('model-signing', () => {
  it('signs with a key, and verifies', async () => {
    const byKey = ['--method', 'key', '--public-key', at('key.pub')]
    await expect(sign('--method', 'key', '--private-key', at('key.pem'))).resolves.toMatchObject({
      code: 0
    })
    await expect(verify(...byKey)).resolves.toMatchObject({ code: 0 })

    writeFileSync(at('model', 'added'), '')
    await expect(verify(...byKey)).resolves.toEqual(refused('MODEL_MISMATCH'))
    await expect(verify(...byKey, '--ignore-unsigned-files')).resolves.toMatchObject({ code: 0 })
    await expect(verify(...byKey, '--ignore-paths', at('model', 'added'))).resolves.toMatchObject({
      code: 0
    })

    writeFileSync(at('model', 'config.json'), '[]')
    await expect(verify(...byKey, '--ignore-unsigned-files')).resolves.toEqual(
      refused('MODEL_MISMATCH')
    )
  })

  it('signs under an identity, and verifies', async () => {
    const config = ['--trust-config', at('trust.json')]
    const signed = await sign(
      '--method',
      'sigstore',
      ...config,
      '--identity-token',
      await requestIdToken(sandbox.env)
    )
    expect(signed).toMatchObject({ code: 0 })
    const byIdentity = (identity: string): string[] => [
      ...['--method', 'sigstore', ...config, '--identity', identity],
      ...['--identity-provider', 'https://token.actions.githubusercontent.com']
    ]
    const workflow = `https://github.com/${sandbox.env.GITHUB_WORKFLOW_REF ?? ''}`
    await expect(verify(...byIdentity(workflow))).resolves.toMatchObject({ code: 0 })
    await expect(verify(...byIdentity('https://github.com'))).resolves.toEqual(
      refused('IDENTITY_MISMATCH')
    )
    writeFileSync(at('model', 'config.json'), '[]')
    await expect(verify(...byIdentity(workflow))).resolves.toEqual(refused('MODEL_MISMATCH'))
  })

  it('refuses a model without files', async () => {
    rmSync(at('model', 'config.json'))
    rmSync(at('model', 'sub'), { recursive: true })
    await expect(sign('--method', 'key', '--private-key', at('key.pem'))).resolves.toEqual(
      refused('MODEL_EMPTY')
    )
  })

  it('says how it is used', async () => {
    await expect(run('verify-model')).resolves.toMatchObject({
      code: 1,
      errors: expect.stringContaining('usage:')
    })
  })
})
