import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startSandbox, type Sandbox } from '../../sandbox/client.ts'
import { programPath } from './services/install.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const WORKFLOW = join(import.meta.dirname, 'workflow')

let sandbox: Sandbox
let folder: string
let repository: string
beforeAll(async () => {
  sandbox = await startSandbox()
  folder = await realpath(await mkdtemp(join(tmpdir(), 'workflow-')))
  repository = join(folder, 'repository')
  await mkdir(join(repository, '.github/workflows'), { recursive: true })
  for (const name of ['action.yml', 'verify', 'dist']) {
    await cp(join(ROOT, name), join(repository, name), { recursive: true })
  }
  for (const name of ['release.yml', 'model.yml']) {
    await cp(join(WORKFLOW, name), join(repository, '.github/workflows', name))
  }
  await cp(join(WORKFLOW, 'move'), join(repository, 'move'), { recursive: true })
  const author = ['-c', 'user.name=octocat', '-c', 'user.email=octocat@example.com']
  const git = async (...args: string[]): Promise<void> => {
    await run('git', [...author, ...args], { cwd: repository })
  }
  await git('init', '--quiet', '--initial-branch=main')
  await git('remote', 'add', 'origin', 'https://github.com/octo-org/octo-models')
  await git('add', '--all')
  await git('commit', '--quiet', '--message=All of it')
})
afterAll(async () => {
  await sandbox.stop()
  await rm(folder, { recursive: true })
})

/** The log of a workflow that a push to the repository starts, and how it ended. */
async function push(
  workflow: string,
  variables: Record<string, string>
): Promise<{ log: string; code: number }> {
  await sandbox.clearArtifacts()
  const { ACTIONS_RESULTS_URL = '', ACTIONS_RUNTIME_TOKEN = '' } = sandbox.env
  const env = {
    // The Node that actions run with is the first on PATH.
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
    HOME: folder,
    // Its own artifact server is older than the library.
    ...{ ACTIONS_RUNTIME_URL: ACTIONS_RESULTS_URL, ACTIONS_RESULTS_URL, ACTIONS_RUNTIME_TOKEN }
  }
  const job = {
    ...sandbox.env,
    SIGNING_CONFIG: sandbox.signingConfig,
    TRUSTED_ROOT: sandbox.trustedRoot,
    TRUST_CONFIG: sandbox.clientTrustConfig,
    MODEL_SIGNING: programPath('model-signing'),
    ARTIFACT_CLIENT: join(ROOT, 'node_modules/@actions/artifact/lib/artifact.js'),
    ...variables
  }
  const args = [
    ...[
      'push',
      '--workflows',
      `.github/workflows/${workflow}`,
      '--platform',
      'ubuntu-latest=-self-hosted',
      '--no-cache-server'
    ],
    ...['--artifact-server-path', join(folder, 'artifacts')],
    ...['--artifact-server-addr', '127.0.0.1'],
    ...Object.entries(job).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  ]
  const options = { cwd: repository, env, maxBuffer: 2 ** 26 }
  return await run(programPath('act'), args, options).then(
    ({ stdout }) => ({ log: stdout, code: 0 }),
    (error: unknown) => {
      const { stdout, code } = error as { stdout: string; code: number }
      return { log: stdout, code }
    }
  )
}

describe('a workflow with a build in two legs, a gate, and a release', () => {
  it('goes through: both artifacts arrive, and later steps have the outputs', async () => {
    const { log, code } = await push('release.yml', { TAMPER: 'false' })
    expect({ log, code }).toMatchObject({ code: 0 })
    const names = (await sandbox.artifacts()).map(({ name }) => name)
    expect(names.filter(name => name.startsWith('sigstore-build-'))).toHaveLength(2)
    expect(log.match(/artifact=sigstore-build-/g)).toHaveLength(2)
    expect(log).toContain('Verified out/one.bin, signed by workflow octo-org/octo-models/')
    expect(log).toContain('Verified out/two.bin, signed by workflow octo-org/octo-models/')
    expect(log).toContain('verified=true released 2 files')
  })

  it('stops at the gate when a file was changed between the jobs, and says so', async () => {
    const { log, code } = await push('release.yml', { TAMPER: 'true' })
    expect({ log, code }).toMatchObject({ code: 1 })
    expect(log).toContain('Verified out/one.bin')
    expect(log).toMatch(/out\/two\.bin \(out\/two\.bin\.sigstore\.json\): .*\[DIGEST_MISMATCH\]/)
    expect(log).toContain('1 file(s) of 2 subject(s) did not verify')
    expect(log).not.toContain('released')
  })
})

describe('a workflow that hashes a model in two legs, and signs it where its files are not', () => {
  it('goes through: the signature is of the files where they lie, says model_signing too', async () => {
    const { log, code } = await push('model.yml', { TAMPER: 'false' })
    expect({ log, code }).toMatchObject({ code: 0 })
    const names = (await sandbox.artifacts()).map(({ name }) => name)
    expect(names.toSorted()).toEqual(['checksums-0', 'checksums-1', 'sigstore-sign-'])
    expect(log).toContain('Signing my-model by the digests of 5 file(s) that were hashed elsewhere')
    expect(log).toContain('Verification succeeded')
    expect(log).toContain('verified=true')
  })

  it('stops before the model is used when one of its files was changed', async () => {
    const { log, code } = await push('model.yml', { TAMPER: 'true' })
    expect({ log, code }).toMatchObject({ code: 1 })
    expect(log).toMatch(/1 changed \(.*sub\/2\.bin.*\[MODEL_MISMATCH\]/)
    expect(log).not.toContain('verified=true')
    expect(log).not.toContain('Verification succeeded')
  })
})
