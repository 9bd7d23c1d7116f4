import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { startSandbox, type Sandbox } from '../../sandbox/client.ts'
import { runAction, type ActionRun, type RunOptions } from './runner.ts'

/** A job's workspace, beside a Sigstore that both actions are told of by its files alone. */
export type Scene = {
  sandbox: Sandbox
  workspace: string
  write(name: string, content: string | Uint8Array): Promise<void>
  read(name: string): Promise<string>
  sign(inputs: Record<string, string>, more?: Partial<RunOptions>): Promise<ActionRun>
  verify(inputs: Record<string, string>, more?: Partial<RunOptions>): Promise<ActionRun>
  /** The services that a token or the request token was ever sent to. */
  toldSecrets(): Promise<string[]>
  /** An empty workspace, a Sigstore without faults and a run without artifacts, for the next test. */
  reset(): Promise<void>
  close(): Promise<void>
}

/** @param running a Sigstore that runs already, and ends with the scene */
export async function openScene(running?: Sandbox): Promise<Scene> {
  const sandbox = running ?? (await startSandbox())
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'scene-')))
  const workspace = join(folder, 'workspace')
  await mkdir(workspace)

  const run = async (
    door: 'sign' | 'verify',
    inputs: Record<string, string>,
    { env, ...more }: Partial<RunOptions> = {}
  ): Promise<ActionRun> =>
    await runAction(door, {
      workspace,
      inputs,
      env: { ...(door === 'sign' ? sandbox.env : withoutToken(sandbox.env)), ...env },
      secrets: await sandbox.secrets(),
      ...more
    })
  const trust = { 'trusted-root': sandbox.trustedRoot }
  return {
    sandbox,
    workspace,
    write: async (name, content) => {
      await mkdir(dirname(join(workspace, name)), { recursive: true })
      await writeFile(join(workspace, name), content)
    },
    read: async name => await readFile(join(workspace, name), 'utf8'),
    sign: async (inputs, more) =>
      await run('sign', { ...trust, 'signing-config': sandbox.signingConfig, ...inputs }, more),
    verify: async (inputs, more) => await run('verify', { ...trust, ...inputs }, more),
    toldSecrets: async () => {
      const told = (await sandbox.requests()).filter(({ secret }) => secret)
      return [...new Set(told.map(({ service }) => service))].sort()
    },
    reset: async () => {
      await sandbox.clearFaults()
      await sandbox.clearArtifacts()
      await sandbox.setRegistry({})
      await rm(folder, { recursive: true })
      await mkdir(workspace, { recursive: true })
    },
    close: async () => {
      await sandbox.stop()
      await rm(folder, { recursive: true })
    }
  }
}

/** A verify job has no `id-token` permission, and verifying asks nothing of the runner's services. */
function withoutToken(env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('ACTIONS_')))
}
