import { expect, it } from '@jest/globals'
import { ignoring } from '../../src/trust/model-paths.ts'
import { setCalls } from './set-calls.ts'

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

it('looks up no path that is longer than all that are ignored', async () => {
  const ignores = ignoring(['.git', 'model.sig'])
  const asked = await setCalls('has', () => ignores(`${'a/'.repeat(2000)}b`))
  expect(asked).toEqual(['a/a/a/a/a', 'a/a/a/a', 'a/a/a', 'a/a', 'a'])
})
