import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ActionRun } from '../__tests__/e2e/runner.ts'
import type { Job } from '../__tests__/interop/job.ts'
import type { Usage } from './child.ts'
import { WRITE_STATUS_AT_EXIT, peakMemory } from './signing.ts'

type More = NonNullable<Parameters<Job['sign']>[2]>

/** What a run of a door took. @throws Error with its log, when it failed */
export async function measure(job: Job, act: (more: More) => Promise<ActionRun>): Promise<Usage> {
  const status = join(job.services.dir, 'status')
  const run = await act({
    env: { BENCH_STATUS: status },
    nodeOptions: ['--import', WRITE_STATUS_AT_EXIT],
    deadline: 600_000
  })
  if (run.exitCode !== 0) throw new Error(`the action failed:\n${run.raw.slice(-4000)}`)
  return { seconds: run.durationMs / 1000, peakMemory: peakMemory(readFileSync(status, 'utf8')) }
}
