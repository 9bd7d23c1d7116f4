import * as core from '@actions/core'
import type { Log } from '../http.ts'
import { cut, sanitize } from './text.ts'

export type Level = 'error' | 'warning' | 'notice'
export type Place = { title?: string; file?: string }

/**
 * The runner makes annotations of the first 10 of a level in a step and cuts each at 4,096
 * characters (`ExecutionContext.cs`: `_maxIssueCount…`). One error is kept back for the reason
 * that the step fails for, which comes last.
 */
const MOST: Record<Level, number> = { error: 9, warning: 10, notice: 10 }
const LONGEST = 4096

const counts: Record<Level, number> = { error: 0, warning: 0, notice: 0 }

/** The log of a step. Every text may come from outside; each becomes one line. */
export const log: Log = {
  debug(message) {
    core.debug(sanitize(message))
  },
  info(message) {
    print(message)
  },
  warning(message) {
    annotate('warning', message)
  }
}

/** Annotate the run; what the runner has no room for goes to the log alone. */
export function annotate(level: Level, message: string, place: Place = {}): void {
  counts[level] += 1
  if (counts[level] > MOST[level]) {
    print(`${level}: ${place.file === undefined ? '' : `${place.file}: `}${message}`)
    return
  }
  core[level](annotation(message), {
    ...(place.title !== undefined && { title: cut(sanitize(place.title), 255) }),
    ...(place.file !== undefined && { file: sanitize(place.file) })
  })
}

/** The text of an annotation, within the runner's limit. */
export function annotation(message: string): string {
  return cut(inert(sanitize(message)), LONGEST)
}

function print(message: string): void {
  core.info(inert(sanitize(message)))
}

/**
 * Text that the runner takes for no command: it reads `::` where a line begins, after white
 * space of any kind, and `##[` anywhere in a line (`ActionCommand.cs`: `TryParseV2`, `TryParse`).
 */
function inert(line: string): string {
  return line.replaceAll('##[', '## [').replace(/^\s*::/, ': :')
}
