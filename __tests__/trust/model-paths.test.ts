import { expect, it } from '@jest/globals'
import { ignoring } from '../../src/trust/model-paths.ts'

it.each([
  ['a', true],
  ['a/b/c', true],
  ['b/a', false],
  ['ab', false],
  ['x/y', true],
  ['x/y/z', true],
  ['x', false],
  ['x/yz', false]
])('%s is ignored: %s', (name, expected) => {
  expect(ignoring(['a', 'x/y'])(name)).toBe(expected)
})
