import { expect, it } from '@jest/globals'
import { printable, quote } from '../../src/trust/quote.ts'

it('quotes, cuts, and takes out what a terminal or the runner would obey or hide', () => {
  expect(quote('a "b" \\')).toBe('"a \\"b\\" \\\\"')
  expect(quote('x'.repeat(201))).toBe(`"${'x'.repeat(200)}"`)
  expect(quote('abc', 2)).toBe('"ab"')
  expect(quote('a\n::error::\u001b[2J')).toBe('"a?::error::?[2J"')
  expect(printable('\u202ea\u200bb\u2028c\u2029d\u0007\u0085é😀')).toBe('?a?b?c?d??é😀')
})
