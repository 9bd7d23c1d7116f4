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

it('takes little time for files in very many folders', () => {
  const above = 'a/'.repeat(2000)
  const ignores = ignoring(['.git', 'model.sig'])
  const before = process.cpuUsage()
  for (let i = 0; i < 500; i++) expect(ignores(`${above}${i}`)).toBe(false)
  // Microseconds; 2 million where each of the folders is looked up.
  expect(process.cpuUsage(before).user).toBeLessThan(500_000)
})
