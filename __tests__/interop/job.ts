import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DEFAULT_CLAIMS, ISSUER } from '../../sandbox/claims.ts'
import { type ActionRun, type RunOptions, runAction } from '../e2e/runner.ts'
import { requestIdToken } from '../id-token.ts'
import { type Services, startServices } from './services/client.ts'
import { CREDENTIALS, PASSWORD } from './services/credentials.ts'
import { programPath } from './services/install.ts'
import type { ProgramName } from './services/programs.ts'
import type { Log, Witness } from './services/trust.ts'

const execute = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

export { ISSUER }
/** Who signs in a job of the services. */
export const IDENTITY = `https://github.com/${DEFAULT_CLAIMS.job_workflow_ref ?? ''}`

/** What else a run may have; `env` comes on top of the job's. */
type More = Pick<RunOptions, 'env' | 'nodeOptions' | 'deadline'>

/** A job's workspace beside the real services. */
export type Job = {
  services: Services
  workspace: string
  /** Writes a file of the workspace. */
  write(name: string, content: string): Promise<void>
  /** A trusted root without the URLs given: the path of a new file. */
  rootWithout(...urls: string[]): Promise<string>
  /** The same for a client trust config. */
  clientConfigWithout(log: Log, ...urls: string[]): Promise<string>
  sign(witness: Witness, inputs: Record<string, string>, more?: More): Promise<ActionRun>
  verify(inputs: Record<string, string>, more?: More): Promise<ActionRun>
  /**
   * What a client says, in the workspace and on a machine that holds nothing of an earlier run but a login to the
   * registries that ask for one.
   */
  run(client: ProgramName, ...args: string[]): Promise<string>
  /** The same with other variables as well, or in place of those. */
  runWith(env: Record<string, string>, client: ProgramName, ...args: string[]): Promise<string>
  /** The same for a script of this repository. */
  runScript(path: string, ...args: string[]): Promise<string>
  /** A token as a client of Sigstore would ask for it. */
  token(): Promise<string>
  close(): Promise<void>
}

export async function openJob(): Promise<Job> {
  const services = await startServices()
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'job-')))
  const workspace = join(folder, 'workspace')
  await mkdir(workspace)
  let files = 0

  const writeJson = async (value: unknown): Promise<string> => {
    files += 1
    const path = join(folder, `${files}.json`)
    await writeFile(path, JSON.stringify(value))
    return path
  }
  const login = { DOCKER_CONFIG: services.dockerConfig }
  const run = async (
    program: string,
    args: string[],
    more: Record<string, string> = {}
  ): Promise<string> => {
    // Wide enough for no sentence to be broken.
    const machine = { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1', COLUMNS: '1000' }
    const env = { ...machine, ...login, ...more }
    const { stdout, stderr } = await execute(program, args, { cwd: workspace, env })
    return stdout + stderr
  }
  // A verify job has no `id-token` permission.
  const withoutToken = Object.fromEntries(
    Object.entries(services.env).filter(([name]) => !name.startsWith('ACTIONS_ID_TOKEN_'))
  )
  const trust = { 'trusted-root': services.trustedRoot }
  return {
    services,
    workspace,
    token: () => requestIdToken(services.env),
    run: async (client, ...args) => await run(programPath(client), args),
    runWith: async (env, client, ...args) => await run(programPath(client), args, env),
    runScript: async (path, ...args) => await run(process.execPath, [join(ROOT, path), ...args]),
    write: async (name, content) => {
      await writeFile(join(workspace, name), content)
    },
    rootWithout: async (...urls) =>
      await writeJson(without(await read(services.trustedRoot), urls)),
    clientConfigWithout: async (log, ...urls) => {
      const config = await read(services.clientTrustConfigs[log])
      return await writeJson({ ...config, trustedRoot: without(config.trustedRoot as Root, urls) })
    },
    sign: async (witness, inputs, more) =>
      await runAction('sign', {
        ...more,
        workspace,
        env: { ...services.env, ...login, ...more?.env },
        secrets: [...(await services.issuer.secrets()), CREDENTIALS, PASSWORD],
        inputs: { ...trust, 'signing-config': services.signingConfigs[witness], ...inputs }
      }),
    verify: async (inputs, more) =>
      await runAction('verify', {
        ...more,
        workspace,
        env: { ...withoutToken, ...login, ...more?.env },
        secrets: [CREDENTIALS, PASSWORD],
        inputs: { ...trust, ...inputs }
      }),
    close: async () => {
      await services.stop()
      await rm(folder, { recursive: true })
    }
  }
}

type Root = Record<string, unknown> & {
  tlogs: { baseUrl: string }[]
  timestampAuthorities: { uri: string }[]
}

const read = async (path: string): Promise<Root> => JSON.parse(await readFile(path, 'utf8')) as Root

function without(root: Root, urls: string[]): Root {
  const known = [
    ...root.tlogs.map(log => log.baseUrl),
    ...root.timestampAuthorities.map(a => a.uri)
  ]
  const unknown = urls.find(url => !known.includes(url))
  if (unknown !== undefined) throw new Error(`${unknown} is not in the trusted root`)
  return {
    ...root,
    tlogs: root.tlogs.filter(({ baseUrl }) => !urls.includes(baseUrl)),
    timestampAuthorities: root.timestampAuthorities.filter(({ uri }) => !urls.includes(uri))
  }
}
