import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runAction, type ActionRun } from '../__tests__/e2e/runner.ts'
import { type RequestRecord, type Sandbox, startSandbox } from '../sandbox/client.ts'

/** The input that names what is signed or verified. */
type Subjects = { files: string } | { models: string }

/** What one run of `dist/sign` took. */
export type Cost = {
  seconds: number
  /** Seconds until its first request arrived, the work of the harness before it included. */
  secondsToFirstRequest: number
  peakMemory: number
  requests: RequestRecord[]
}

/**
 * The URL of a module that makes Node write its `/proc/self/status` to $BENCH_STATUS when it exits. VmHWM, and not
 * the maxRSS of resourceUsage: Linux lets that one begin at the size of the process that forked.
 */
export const WRITE_STATUS_AT_EXIT = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync, writeFileSync } from 'node:fs'
  process.on('exit', () => writeFileSync(process.env.BENCH_STATUS, readFileSync('/proc/self/status')))`)}`

/** A workspace and a sandbox to sign and verify in. */
export class Bench {
  readonly workspace: string
  readonly #folder: string
  readonly #sandbox: Sandbox

  private constructor(folder: string, sandbox: Sandbox) {
    this.#folder = folder
    this.#sandbox = sandbox
    this.workspace = mkdtempSync(join(folder, 'workspace-'))
  }

  static async open(): Promise<Bench> {
    return new Bench(mkdtempSync(join(tmpdir(), 'keyless-bench-')), await startSandbox())
  }

  async close(): Promise<void> {
    await this.#sandbox.stop()
    rmSync(this.#folder, { recursive: true })
  }

  /** @throws Error with the log of a run that failed */
  async sign(subjects: Subjects): Promise<Cost> {
    const earlier = (await this.#sandbox.requests()).length
    const start = Date.now()
    const { run, peakMemory } = await this.#run('sign', {
      ...subjects,
      // What it is measured against uploads nothing.
      publish: 'local',
      'signing-config': this.#sandbox.signingConfig
    })
    const requests = (await this.#sandbox.requests()).slice(earlier)
    const [first] = requests
    if (first === undefined) throw new Error('signing asked nothing of the sandbox')
    return {
      seconds: run.durationMs / 1000,
      secondsToFirstRequest: (first.at - start) / 1000,
      peakMemory,
      requests
    }
  }

  /** @throws Error with the log of a run in which something did not verify */
  async verify(subjects: Subjects): Promise<Pick<Cost, 'seconds' | 'peakMemory'>> {
    const { run, peakMemory } = await this.#run('verify', subjects)
    return { seconds: run.durationMs / 1000, peakMemory }
  }

  /**
   * What the verify action asks for, of cosign.
   * @param cosign path of the program
   * @throws Error when the file does not verify
   */
  verifyByCosign(cosign: string, file: string): void {
    const { GITHUB_SERVER_URL: server = '', GITHUB_WORKFLOW_REF: workflow = '' } = this.#sandbox.env
    const args = [
      ...['verify-blob', '--trusted-root', this.#sandbox.trustedRoot],
      ...['--certificate-identity', `${server}/${workflow}`],
      ...['--certificate-oidc-issuer', 'https://token.actions.githubusercontent.com'],
      ...['--bundle', `${file}.sigstore.json`, file]
    ]
    const env = { PATH: process.env.PATH, HOME: this.#folder }
    execFileSync(cosign, args, { cwd: this.workspace, env, stdio: 'pipe' })
  }

  async #run(
    door: 'sign' | 'verify',
    inputs: Record<string, string>
  ): Promise<{ run: ActionRun; peakMemory: number }> {
    const status = join(this.#folder, 'status')
    const run = await runAction(door, {
      workspace: this.workspace,
      inputs: { ...inputs, 'trusted-root': this.#sandbox.trustedRoot },
      env: { ...this.#sandbox.env, BENCH_STATUS: status },
      nodeOptions: ['--import', WRITE_STATUS_AT_EXIT],
      deadline: 600_000
    })
    if (run.exitCode !== 0) {
      throw new Error(`${door} failed:\n${run.raw.slice(-4000)}`)
    }
    return { run, peakMemory: peakMemory(readFileSync(status, 'utf8')) }
  }
}

/** Bytes, from the text of `/proc/PID/status`. */
export function peakMemory(status: string): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
  if (kibibytes === undefined) throw new Error('/proc/self/status has no VmHWM')
  return Number(kibibytes) * 1024
}
