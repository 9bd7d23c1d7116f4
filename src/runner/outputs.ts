import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setOutput } from '@actions/core'
import { writeAtomic } from '../storage/local.ts'

/**
 * Hand values to later steps. Values may hold anything: the library writes each between random
 * delimiters (CVE-2022-35954) and refuses a value that contains its own.
 */
export function setOutputs(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) setOutput(name, value)
}

/**
 * A new folder of this step alone, which is there until the job ends. Another step, also one of
 * this action, has another.
 */
export async function makeStepFolder(): Promise<string> {
  const { RUNNER_TEMP = '' } = process.env
  return await mkdtemp(join(RUNNER_TEMP === '' ? tmpdir() : RUNNER_TEMP, 'keyless-sign-'))
}

/**
 * @returns the path of the results: `results.json` in the step's folder
 * @throws KeylessError WRITE_FAILED
 */
export async function writeResults(folder: string, results: unknown): Promise<string> {
  const path = join(folder, 'results.json')
  await writeAtomic(path, JSON.stringify(results, undefined, 2) + '\n')
  return path
}
