import { getInput, getMultilineInput } from '@actions/core'
import { KeylessError } from '../errors.ts'

/** The lines of an input that are not empty. */
export function lines(name: string): string[] {
  return getMultilineInput(name)
}

/**
 * The lines of an input whose default is a word, or nothing where it is that word. An empty one is
 * refused: a misspelt expression is empty, too, and would take away what the input asks for.
 *
 * @throws KeylessError INPUT_INVALID
 */
export function linesUnless(name: string, word: string): string[] | undefined {
  const given = lines(name)
  if (given.length === 1 && given[0] === word) return undefined
  if (given.length > 0) return given
  throw new KeylessError(
    'INPUT_INVALID',
    `${name} is empty, which an expression with a misspelt name is, too; give a value, or "${word}".`
  )
}

/** The whole text of an input, which may have several lines; or undefined where it is empty. */
export function block(name: string): string | undefined {
  const value = getInput(name)
  return value === '' ? undefined : value
}

/** A single line, or undefined where the input is empty. */
export function text(name: string): string | undefined {
  const value = getInput(name)
  if (value.includes('\n')) {
    throw new KeylessError('INPUT_INVALID', `${name} has several lines; give one value.`)
  }
  return value === '' ? undefined : value
}

/** @throws KeylessError INPUT_INVALID for a word that is not in the list */
export function choice<const T extends string>(name: string, words: readonly T[]): T {
  const value = getInput(name)
  const word = words.find(candidate => candidate === value)
  if (word !== undefined) return word
  throw new KeylessError(
    'INPUT_INVALID',
    `${name} is "${value.slice(0, 100)}", which is none of ${words.join(', ')}; give one of them.`
  )
}

/** The words of an input, one a line, each once. At least one. @throws KeylessError INPUT_INVALID */
export function choices<const T extends string>(name: string, words: readonly T[]): Set<T> {
  const given = lines(name)
  const unknown = given.find(line => !(words as readonly string[]).includes(line))
  if (unknown === undefined && given.length > 0) return new Set(given as T[])
  throw new KeylessError(
    'INPUT_INVALID',
    `${name} ${unknown === undefined ? 'is empty' : `has the line "${unknown.slice(0, 100)}"`}; give any of ${words.join(', ')}, one a line.`
  )
}

/** True or false. Nothing else is read as either: a misspelt "ture" must not switch a check off. */
export function flag(name: string): boolean {
  return choice(name, ['true', 'false']) === 'true'
}

/** @returns milliseconds, of an input in minutes */
export function minutes(name: string): number {
  const value = getInput(name)
  const number = Number(value)
  // A day is beyond any job's limit: larger numbers are seconds taken for minutes.
  if (/^\d+(\.\d+)?$/.test(value) && number > 0 && number <= 1440) return number * 60_000
  throw new KeylessError(
    'INPUT_INVALID',
    `${name} is "${value.slice(0, 100)}"; give a number of minutes above 0, at most 1440.`
  )
}

/**
 * What lines of the form key=value say; the value may hold further equals signs, and be empty.
 *
 * @throws KeylessError INPUT_INVALID
 */
export function pairs(name: string, lines: string[]): Record<string, string> {
  const found = new Map<string, string>()
  for (const line of lines) {
    const [, key = '', value = ''] = /^([^=]+)=(.*)$/s.exec(line) ?? []
    if (key === '' || found.has(key)) {
      throw new KeylessError(
        'INPUT_INVALID',
        `${name} has the line "${line.slice(0, 100)}", ${key === '' ? 'which is not key=value' : 'whose key another line has'}; give each key once, as key=value.`
      )
    }
    found.set(key, value)
  }
  return Object.fromEntries(found)
}
