import { getInput, getMultilineInput } from '@actions/core'
import { KeylessError } from '../errors.ts'

/** The lines of an input that are not empty. */
export function lines(name: string): string[] {
  return getMultilineInput(name)
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
