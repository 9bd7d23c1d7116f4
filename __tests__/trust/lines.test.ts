import { describe, expect, it } from '@jest/globals'
import { readLines } from '../../src/trust/lines.ts'

describe('readLines', () => {
  it.each<[string, [string, number][]]>([
    ['', []],
    ['\n\n', []],
    ['a', [['a', 1]]],
    ['a\n', [['a', 1]]],
    [
      'a\nb',
      [
        ['a', 1],
        ['b', 2]
      ]
    ],
    [
      '\n \n\ta \r\n\nb',
      [
        ['\ta \r', 3],
        ['b', 5]
      ]
    ]
  ])('reads %j', (text, lines) => {
    expect([...readLines(text)].map(({ line, number }) => [line, number])).toEqual(lines)
  })
})
