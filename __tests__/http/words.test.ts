import { describe, expect, it } from '@jest/globals'

import { explanation, fromOutside, place } from '../../src/http/words.ts'

describe('fromOutside', () => {
  it.each([
    ['two\r\nlines\u2028and\ttabs', 'two lines and tabs'],
    ['\u001b[31mred\u001b[0m \u202eback', '[31mred [0m back'],
    ['at https://user:p4ss@host/path?sig=s3cret#x, sorry', 'at https://host/path sorry'],
    [`token ${'a1_-'.repeat(6)} here`, 'token … here'],
    [
      'issuer https://token.actions.githubusercontent.com',
      'issuer https://token.actions.githubusercontent.com'
    ],
    ['', '']
  ])('%j', (text, shown) => {
    expect(fromOutside(text)).toBe(shown)
  })

  it('is bounded', () => {
    expect(fromOutside('a b '.repeat(10_000))).toHaveLength(201)
    expect(fromOutside('a b '.repeat(10_000), 10)).toBe('a b a b a …')
  })
})

describe('place', () => {
  it('is a URL without whatever may be a secret', () => {
    expect(place(new URL('https://user:p4ss@host:8443/a/b?c#d'))).toBe('https://host:8443/a/b')
  })
})

describe('explanation', () => {
  it.each([
    ['{"code":3,"message":"the reason"}', 'the reason'],
    ['{"error":"the reason"}', 'the reason'],
    ['{"message":{"a":1}}', '{"message":{"a":1}}'],
    ['null', 'null'],
    ['<html>502</html>', '<html>502</html>']
  ])('of %s', (body, shown) => {
    expect(explanation(Buffer.from(body))).toBe(shown)
  })
})
