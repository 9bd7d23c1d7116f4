import { describe, expect, it } from '@jest/globals'
import { ModelMismatch } from '../../src/trust/model-mismatch.ts'

const names = (length: number): string[] => Array.from({ length }, (_, i) => `n${i}`)
const listed = (length: number): string =>
  names(length)
    .map(name => `"${name}"`)
    .join(', ')

describe('ModelMismatch', () => {
  it.each([
    [
      'changed, missing and extra',
      { changed: ['a', 'b'], missing: ['c'], extra: ['d'] },
      '2 changed ("a", "b"); 1 missing ("c"); 1 neither signed nor ignored ("d")'
    ],
    ['one kind alone', { changed: [], missing: ['c'], extra: [] }, '1 missing ("c")'],
    ['fifty names', { changed: names(50), missing: [], extra: [] }, `50 changed (${listed(50)})`],
    [
      'more than fifty',
      { changed: names(51), missing: [], extra: [] },
      `51 changed (${listed(50)}, and 1 more)`
    ],
    [
      'names of a thousand characters',
      { changed: [], missing: ['a', 'b', 'c', 'd', 'e'].map(each => each.repeat(198)), extra: [] },
      `5 missing (${['a', 'b', 'c', 'd', 'e'].map(each => `"${each.repeat(198)}"`).join(', ')})`
    ],
    [
      'names of more',
      { changed: [], missing: ['a', 'b', 'c', 'd', 'ee'].map(each => each.repeat(198)), extra: [] },
      `5 missing (${['a', 'b', 'c', 'd'].map(each => `"${each.repeat(198)}"`).join(', ')}, and 1 more)`
    ]
  ])('tells %s', (_, differences, words) => {
    const error = new ModelMismatch(differences)
    expect(error).toMatchObject({ name: 'ModelMismatch', code: 'MODEL_MISMATCH', differences })
    expect(error.message).toBe(
      `The model is not the one that was signed: ${words}; do not use it as it is, but fetch it again (a checkout without "lfs: true" has pointers in place of Git LFS's files), or give ignore-paths for what may be in it unsigned.`
    )
  })
})
