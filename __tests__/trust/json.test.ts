import { describe, expect, it } from '@jest/globals'
import { parseJson, parseJsonBytes } from '../../src/trust/json.ts'
import { refusal } from './refusal.ts'

/** An object of so many keys. */
function keys(count: number): string {
  return `{${Array.from({ length: count }, (_, i) => `"${i}":0`).join()}}`
}

describe('parseJson', () => {
  it.each([
    '{"a":{"b":1},"c":{"b":1}}',
    '[[],{},"{\\"a\\":1,\\"a\\":2}"]',
    '{"a":"a","b":["a","a"]}',
    '["\\\\","\\\\\\"",{"a\\"":"\\\\","a\\\\":","}]',
    '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}',
    '["a","a"]',
    '{ "a" : "\\\\" , "b" : "\\"" }',
    '"a"'
  ])('reads %s', text => {
    expect(parseJson(text, 'x')).toEqual(JSON.parse(text))
  })

  it.each([
    ['JSON_DUPLICATE_KEY', '{"a":1,"a":2}'],
    ['JSON_DUPLICATE_KEY', '{"a":1,"a":1}'],
    ['JSON_DUPLICATE_KEY', '{"a":1,"\\u0061":1}'],
    ['JSON_DUPLICATE_KEY', '[{"x":{"a":[{}],"b":"}","a" : 2}}]'],
    ['JSON_DUPLICATE_KEY', '{"__proto__":1,"__proto__":2}'],
    ['JSON_DUPLICATE_KEY', '{"a" :1,"a"\t:2}'],
    ['JSON_DUPLICATE_KEY', '{"a"\r:1,"a"\n:2}'],
    ['JSON_DUPLICATE_KEY', '{"a":{"b":1},"a":2}'],
    ['JSON_DUPLICATE_KEY', '{"a":[1],"a":2}'],
    ['JSON_DUPLICATE_KEY', '{"a":"\\"","a":2}'],
    ['JSON_DUPLICATE_KEY', '[1,{"a":1,"a":2}]'],
    ['JSON_DUPLICATE_KEY', '{"a":1,"a":2'],
    ['JSON_TOO_DEEP', '['.repeat(65) + ']'.repeat(65)],
    ['JSON_TOO_DEEP', '{"a":'.repeat(65)],
    ['JSON_TOO_DEEP', '['.repeat(10_000_000)],
    ['JSON_TOO_LARGE', ' '.repeat(64 * 1024 * 1024 + 1)],
    ['JSON_TOO_LARGE', `[${'0,'.repeat(1024 * 1024)}0]`],
    ['JSON_TOO_LARGE', `[${'[],'.repeat(512 * 1024)}0]`],
    ['JSON_TOO_LARGE', keys(64 * 1024 + 1)],
    ['JSON_INVALID', ''],
    ['JSON_INVALID', '{"a":1'],
    ['JSON_INVALID', '{"a'],
    ['JSON_INVALID', '{"\\x":1}'],
    ['JSON_INVALID', '{"\\x":1,"\\x":2}'],
    ['JSON_INVALID', ']}]}'],
    ['JSON_INVALID', '{}{}']
  ])('refuses with %s (%#)', (code, text) => {
    expect(() => parseJson(text, 'x')).toThrow(refusal(code))
  })

  it('reads 64 levels, 65,536 keys of an object, a million values', () => {
    const most = [
      '['.repeat(64) + ']'.repeat(64),
      keys(64 * 1024),
      `[${'0,'.repeat(1024 * 1024 - 1)}0]`
    ]
    for (const text of most) expect(() => parseJson(text, 'x')).not.toThrow()
  })

  it('reads 64 levels, and as many beside each other as there are', () => {
    expect(() => parseJson('['.repeat(64) + ']'.repeat(64), 'x')).not.toThrow()
    expect(() => parseJson(`[${'[],'.repeat(70)}${'{},'.repeat(70)}0]`, 'x')).not.toThrow()
  })

  it('reads 64 MiB, counted in bytes', () => {
    const text = '""'.padEnd(64 * 1024 * 1024)
    expect(parseJson(text, 'x')).toBe('')
    expect(() => parseJson(`"é"${text.slice(3)}`, 'x')).toThrow(refusal('JSON_TOO_LARGE'))
  })

  it.each([
    [
      'x has the key "a" twice in one object, so readers may disagree on what it says.',
      '{"a":1,"\\u0061":1}'
    ],
    [
      'x nests objects more than 64 levels deep, unlike any bundle or trusted root; give another file.',
      '['.repeat(65)
    ],
    ['x is not JSON; it may be cut short or corrupted.', '{']
  ])('says %s', (message, text) => {
    expect(() => parseJson(text, 'x')).toThrow(expect.objectContaining({ message }))
  })

  it('says what the parser said', () => {
    expect(() => parseJson('{', 'x')).toThrow(
      expect.objectContaining({ cause: expect.any(SyntaxError) as unknown })
    )
  })

  it('refuses bytes that are not UTF-8, and a byte order mark', () => {
    for (const bytes of [Buffer.from('"\xff"', 'latin1'), Buffer.from('\ufeff{}')]) {
      expect(() => parseJsonBytes(bytes, 'x')).toThrow(
        expect.objectContaining({
          code: 'JSON_INVALID',
          message: 'x is not JSON; it may be cut short or corrupted.',
          cause: expect.anything() as unknown
        })
      )
    }
  })

  it('reads bytes in UTF-8', () => {
    expect(parseJsonBytes(Buffer.from('"\u00e9"'), 'x')).toBe('\u00e9')
  })
})
