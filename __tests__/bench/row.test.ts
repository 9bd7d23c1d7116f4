import { describe, expect, it } from '@jest/globals'
import { formatTable, missed } from '../../bench/row.ts'

const row = { what: 'a', value: 2, unit: 's' }

describe('missed', () => {
  it.each([
    [{ ...row }, false],
    [{ ...row, most: 2 }, false],
    [{ ...row, most: 1.99 }, true],
    [{ ...row, least: 2 }, false],
    [{ ...row, least: 2.01 }, true],
    [{ ...row, value: NaN }, true]
  ])('of %j is %s', (each, expected) => {
    expect(missed(each)).toBe(expected)
  })
})

describe('formatTable', () => {
  it('lines up what was measured with its target', () => {
    const rows = [
      { what: 'size', value: 1.234, unit: 'MB', most: 5 },
      { what: 'connections', value: 3, unit: '', least: 16, most: 32 },
      { what: 'time', value: 287.4, unit: 's' }
    ]
    expect(formatTable(rows).split('\n')).toEqual([
      '             measured  target',
      'size          1.23 MB  ≤ 5 MB      ok',
      'connections        3   ≥ 16 ≤ 32   MISSED',
      'time            287 s'
    ])
  })
})
