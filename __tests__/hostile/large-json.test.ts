import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from '@jest/globals'

const PROGRAM = join(import.meta.dirname, 'large-json.ts')

async function run(args: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [PROGRAM, ...args])).stdout
}

// Those that cost most of what is read and of what is refused; the program alone lists all.
it.each([
  ['lists', 'JSON_TOO_LARGE'],
  ['keys', 'JSON_TOO_LARGE'],
  ['quotes', 'read'],
  ['as many escaped keys', 'read'],
  ['an OMS statement of 100,000 files', 'read']
])('64 MiB of JSON cost at most 2 s and 256 MiB: %s', async (text, expected) => {
  const { outcome, seconds, peak } = JSON.parse(await run([text])) as Record<string, unknown>
  expect(outcome).toBe(expected)
  // Of the processor, as others may be at work on this machine.
  expect(seconds).toBeLessThan(2)
  expect(peak).toBeLessThan(256)
})
