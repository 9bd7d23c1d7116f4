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

it('looks up no path that is longer than all that are ignored', () => {
  const asked: string[] = []
  const { has } = Reflect.get(Set, 'prototype') as {
    has: (this: unknown, value: string) => boolean
  }
  const ignores = ignoring(['.git', 'model.sig'])
  Set.prototype.has = function (value: string) {
    asked.push(value)
    return has.call(this, value)
  }
  try {
    ignores(`${'a/'.repeat(2000)}b`)
  } finally {
    Set.prototype.has = has
  }
  expect(asked).toEqual(['a/a/a/a/a', 'a/a/a/a', 'a/a/a', 'a/a', 'a'])
})
