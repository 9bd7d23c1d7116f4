import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runAction } from '../__tests__/e2e/runner.ts'
import { type RequestRecord, type Sandbox, startSandbox } from '../sandbox/client.ts'

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

/** A workspace and a sandbox to sign in. */
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
  async sign(files: string): Promise<Cost> {
    const status = join(this.#folder, 'status')
    const earlier = (await this.#sandbox.requests()).length
    const start = Date.now()
    const run = await runAction('sign', {
      workspace: this.workspace,
      inputs: {
        files,
        'signing-config': this.#sandbox.signingConfig,
        'trusted-root': this.#sandbox.trustedRoot
      },
      env: { ...this.#sandbox.env, BENCH_STATUS: status },
      nodeOptions: ['--import', WRITE_STATUS_AT_EXIT],
      deadline: 600_000
    })
    if (run.exitCode !== 0) throw new Error(`signing ${files} failed:\n${run.raw.slice(-4000)}`)
    const requests = (await this.#sandbox.requests()).slice(earlier)
    const [first] = requests
    if (first === undefined) throw new Error(`signing ${files} asked nothing of the sandbox`)
    return {
      seconds: run.durationMs / 1000,
      secondsToFirstRequest: (first.at - start) / 1000,
      peakMemory: peakMemory(readFileSync(status, 'utf8')),
      requests
    }
  }
}

/** Bytes, from the text of `/proc/PID/status`. */
export function peakMemory(status: string): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
  if (kibibytes === undefined) throw new Error('/proc/self/status has no VmHWM')
  return Number(kibibytes) * 1024
}
