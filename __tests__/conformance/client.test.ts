import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { startSandbox, type Sandbox } from '../../sandbox/client.ts'
import { requestIdToken } from '../id-token.ts'

const client = fileURLToPath(new URL('../../conformance/client', import.meta.url))
const folder = mkdtempSync(path.join(tmpdir(), 'conformance-'))
const file = path.join(folder, 'a.txt')
const bundle = path.join(folder, 'a.txt.sigstore.json')
let sandbox: Sandbox

// Each run of the client is a process of its own, on a machine that may be busy.
jest.setTimeout(60_000)

beforeAll(async () => {
  sandbox = await startSandbox()
  writeFileSync(file, 'hello\n')
})

afterAll(async () => {
  await sandbox.stop()
  rmSync(folder, { recursive: true })
})

/** As a suite starts it: the file itself, found by its first line. */
function run(...args: string[]): Promise<{ code: unknown; errors: string }> {
  return new Promise(resolve => {
    execFile(client, args, (error, _, errors) => {
      resolve({ code: error?.code ?? 0, errors })
    })
  })
}

async function sign(
  config: 'signingConfig' | 'signingConfigV2',
  ...more: string[]
): Promise<{ code: unknown; errors: string }> {
  return run(
    ...['sign-bundle', '--identity-token', await requestIdToken(sandbox.env), '--bundle', bundle],
    ...['--trusted-root', sandbox.trustedRoot, '--signing-config', sandbox[config]],
    ...more
  )
}

function verify(artifact: string, identity?: string): Promise<{ code: unknown; errors: string }> {
  return run(
    ...['verify-bundle', '--bundle', bundle],
    ...[
      '--certificate-identity',
      identity ?? `https://github.com/${sandbox.env.GITHUB_WORKFLOW_REF ?? ''}`
    ],
    ...['--certificate-oidc-issuer', 'https://token.actions.githubusercontent.com'],
    ...['--trusted-root', sandbox.trustedRoot, artifact]
  )
}

describe.each(['signingConfig', 'signingConfigV2'] as const)('client with %s', config => {
  it('signs a file, and verifies it and its digest', async () => {
    await expect(sign(config, file)).resolves.toMatchObject({ code: 0 })
    const digest = createHash('sha256').update(readFileSync(file)).digest('hex')
    await expect(verify(file)).resolves.toMatchObject({ code: 0 })
    await expect(verify(`sha256:${digest}`)).resolves.toMatchObject({ code: 0 })
    await expect(verify(`sha256:${'0'.repeat(64)}`)).resolves.toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^DIGEST_MISMATCH: /)
    })
    await expect(verify(file, 'https://github.com')).resolves.toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^IDENTITY_MISMATCH: /)
    })
  })

  it('signs a statement', async () => {
    const statement = path.join(folder, 'statement.json')
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex')
    writeFileSync(
      statement,
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ name: 'a.txt', digest: { sha256 } }],
        predicateType: 'https://example.com/p',
        predicate: {}
      })
    )
    await expect(sign(config, '--in-toto', statement)).resolves.toMatchObject({ code: 0 })
    await expect(verify(file)).resolves.toMatchObject({ code: 0 })
    await expect(verify(statement)).resolves.toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^SUBJECT_MISMATCH: /)
    })
  })
})

describe('client', () => {
  it('says how it is used', async () => {
    await expect(run('verify-bundle')).resolves.toMatchObject({
      code: 1,
      errors: expect.stringContaining('usage:')
    })
  })
})
