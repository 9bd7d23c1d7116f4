import { describe, expect, it } from '@jest/globals'
import { cut, sanitize } from '../../src/runner/text.ts'

describe('a text from outside', () => {
  it.each([
    ['breaks', 'a\r\nb\u2028c\u2029d\u0085e', 'a b c d e'],
    ['C0 and C1', 'a\0\u001b[31mb\u009bc\u007f', 'a [31mb c '],
    ['bidi controls', 'a\u202eb\u2066c\u200fd', 'abcd'],
    ['invisible characters', ':\u200b:\u00ad\u2060\ufeff\u034f\u{e0041}x\ufe0f', '::x'],
    ['half a surrogate pair', 'a\ud800b', 'a\ufffdb'],
    ['a JWT', 'x eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln y', 'x *** y'],
    ['what is fine', 'modèle-模型 🎉.onnx', 'modèle-模型 🎉.onnx']
  ])('becomes one safe line: %s', (_, text, line) => {
    expect(sanitize(text)).toBe(line)
  })

  it('is read once, whatever begins like a JWT', () => {
    const text = 'eyJ'.repeat(1_000_000)
    const start = process.cpuUsage()
    expect(sanitize(`${text} eyJa.b eyJa.eyJb.c-`)).toBe(`${text} eyJa.b ***`)
    // At the square of its length it took hours.
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000)
  })

  it('is cut visibly, and not through a character', () => {
    expect(cut('abcdef', 6)).toBe('abcdef')
    expect(cut('abcdef', 5)).toBe('abcd…')
    expect(cut('abc🎉ef', 5)).toBe('abc\ufffd…')
  })
})
