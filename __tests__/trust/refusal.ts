import { expect } from '@jest/globals'
import { KeylessError } from '../../src/errors.ts'

// Of several words, with none missing between two blanks or before the full stop; lines to paste may follow.
const SENTENCE = /^(?!.*\S {2})\S+ \S+ .*[^\s.]\.(\n|$)/

/** The code of a refusal that says in a sentence what was found; else what happened instead. */
export function codeOf(error: unknown): string {
  if (!(error instanceof KeylessError)) return String(error)
  return SENTENCE.test(error.message) ? error.code : `${error.code}, no sentence: ${error.message}`
}

/** An error of this code that says in a sentence what was found. */
export function refusal(code: string): unknown {
  return expect.objectContaining({ code, message: expect.stringMatching(SENTENCE) })
}
