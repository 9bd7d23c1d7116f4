import { describe, expect, it } from '@jest/globals'
import { makeBatches } from '../../../src/subjects/digests/batch.ts'

const MIB = 1024 * 1024
const tasks = (sizes: number[]) =>
  sizes.map((size, index) => ({ file: { path: String(index) }, index, size }))

describe('makeBatches', () => {
  it('puts the largest file first and alone, and small ones together', () => {
    const batches = makeBatches(tasks([MIB, 9 * MIB, 2 * MIB, 100 * MIB, 1, 2 * MIB, 3]))
    expect(batches.map(batch => batch.map(({ index }) => index))).toEqual([
      [3],
      [1],
      [2, 5],
      [0, 6, 4]
    ])
  })

  it('bounds the files of a batch, and loses none', () => {
    const batches = makeBatches(tasks(Array.from({ length: 1000 }, () => 0)))
    expect(batches.map(({ length }) => length)).toEqual([256, 256, 256, 232])
    expect(makeBatches([])).toEqual([])
  })
})
