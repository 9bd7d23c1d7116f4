import * as core from '@actions/core'
import { KeylessError } from '../errors.ts'
import { annotation, log } from './log.ts'
import { cut, sanitize } from './text.ts'

/**
 * Fail the step with one sentence, whatever was thrown. The sentence ends with its code in square
 * brackets, `[FORK_PULL_REQUEST]`, so that tests, users and search engines find it in the
 * log and in the annotation alike (an annotation's title is not in the log). What was not raised
 * on purpose has the code `[UNEXPECTED]`. Stack traces are written with step debug only.
 */
export function fail(error: unknown): void {
  const { message, code } = describe(error)
  // Room for the code is left when the message is cut.
  core.setFailed(`${cut(annotation(message), 4000)} [${code}]`)
  if (core.isDebug()) for (const line of trace(error)) log.debug(line)
}

/**
 * Run a door to its end, and fail whatever else happens: a promise that nobody awaits, and also
 * one that never settles, on which Node ends quietly, with 0. A gate that stops half-way must not pass.
 */
export async function guard(door: () => Promise<void>): Promise<void> {
  let done = false
  process.on('uncaughtException', fail)
  process.on('exit', () => {
    if (!done) fail(new Error('The action ended before its work was done.'))
  })
  try {
    await door()
  } catch (error) {
    fail(error)
  }
  done = true
  // Requests that still wait for their next attempt would keep the process, and the job, for minutes.
  process.stdout.write('', () => process.exit())
}

function describe(error: unknown): { message: string; code: string } {
  if (error instanceof KeylessError) return error
  return {
    message: `Unexpected failure: ${cut(sanitize(words(error)), 1000)} Run again with step debug on (ACTIONS_STEP_DEBUG) for details, and report it.`,
    code: 'UNEXPECTED'
  }
}

/** Anything can be thrown, also what cannot be made a string. */
function words(error: unknown): string {
  try {
    return error instanceof Error && error.message !== '' ? error.message : String(error)
  } catch {
    return 'something without words was thrown.'
  }
}

/** The stack of an error, then those of its causes. */
function trace(error: unknown): string[] {
  const lines: string[] = []
  // A chain of causes may be a circle.
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++) {
    lines.push(...(at.stack ?? at.message).split('\n'))
  }
  return lines
}
