import { describe, expect, it } from '@jest/globals'
import { KeylessError } from '../../src/errors.ts'
import { note } from '../../src/trust/note.ts'

const TEXT = 'log.test\n4\nbm8=\n'
const OURS = '\u2014 log.test AAAAAAAA\n'
const WITNESS = '\u2014 witness.test/1 BBBBBBBB\n'

function code(value: unknown): string {
  try {
    note(value, 'the checkpoint')
    return 'fine'
  } catch (error) {
    return error instanceof KeylessError ? error.code : String(error)
  }
}

describe('a checkpoint', () => {
  it.each([
    ['signed by the log', `${TEXT}\n${OURS}`],
    ['signed by a witness, too', `${TEXT}\n${OURS}${WITNESS}`],
    ['of more lines', `${TEXT}Timestamp: 1\n\n${OURS}`]
  ])('may be %s', (_, value) => {
    expect(code(value)).toBe('fine')
  })

  it.each([
    ['nothing is signed', TEXT],
    ['nobody signed', `${TEXT}\n`],
    ['its last line is cut short', `${TEXT}\n${OURS.trimEnd()}`],
    ['the second of two is', `${TEXT}\n${OURS}${WITNESS.trimEnd()}`],
    ['there are two empty lines', `${TEXT}\n\n${OURS}`],
    ['a second text follows', `${TEXT}\n${TEXT}\n${OURS}`],
    ['an empty line stands in a signature', `${TEXT}\n\u2014 log.test AAAA\n\nAAAA\n`],
    ['something stands between signatures', `${TEXT}\n${OURS}a remark\n${WITNESS}`],
    ['something follows them', `${TEXT}\n${OURS}\n`],
    ['something stands before the dash', `${TEXT}\n-${OURS}`],
    ['a signature has a third word', `${TEXT}\n${OURS.trimEnd()} more\n`],
    ['a name has a plus', `${TEXT}\n\u2014 log+test AAAAAAAA\n`],
    ['a signature is there twice', `${TEXT}\n${OURS}${OURS}`]
  ])('is refused where %s', (_, value) => {
    expect(code(value)).toBe('LOG_PROOF_INVALID')
  })

  it.each([
    ['a signature is not in the one form of base64', `${TEXT}\n\u2014 log.test AAAAAAAB=\n`],
    ['it is no text', 1]
  ])('is refused where %s', (_, value) => {
    expect(code(value)).toBe('FIELD_INVALID')
  })

  it.each([
    ['the checkpoint is not a signed note: a text, an empty line, and a line for each', TEXT],
    ['A signature in the checkpoint is not standard base64.', `${TEXT}\n\u2014 log.test A\n`]
  ])('is refused with: %s', (words, value) => {
    expect(() => {
      note(value, 'the checkpoint')
    }).toThrow(words)
  })
})
