import { expect } from '@jest/globals'
import type { ActionRun } from './runner.ts'

/** The step failed with this one error, and with nothing that a later step could take for success. */
export function expectRefusal(run: ActionRun, code: string, words: string | RegExp): void {
  expect(run).toMatchObject({ exitCode: 1, outputs: {}, summary: '' })
  expect(run.annotations).toMatchObject([{ level: 'error' }])
  expect(run.annotations[0]?.message).toMatch(words)
  expect(run.annotations[0]?.message).toMatch(new RegExp(`\\[${code}\\]$`))
  expect(run.raw).not.toContain('    at ')
}
