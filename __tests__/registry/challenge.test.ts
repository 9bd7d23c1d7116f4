import { describe, expect, it } from '@jest/globals'

import { parseChallenges } from '../../src/registry/challenge.ts'

function parse(header: string): unknown {
  return parseChallenges(header)?.map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters)
  ])
}

describe('WWW-Authenticate', () => {
  it.each([
    ['', []],
    ['Basic', [['basic', {}]]],
    ['BASIC realm="a b"', [['basic', { realm: 'a b' }]]],
    [
      'Bearer realm="https://a/token",service="a",scope="repository:o/app:pull,push"',
      [['bearer', { realm: 'https://a/token', service: 'a', scope: 'repository:o/app:pull,push' }]]
    ],
    ['Bearer Realm = x , service="a\\"b\\\\"', [['bearer', { realm: 'x', service: 'a"b\\' }]]],
    ['Bearer realm=""', [['bearer', { realm: '' }]]],
    [
      'Negotiate, Basic realm="x", Bearer realm="y",service=z',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
        ['bearer', { realm: 'y', service: 'z' }]
      ]
    ],
    [
      'Negotiate YWJj==, Basic realm="Bearer realm=evil, Basic"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'Bearer realm=evil, Basic' }]
      ]
    ],
    [' , ,Basic realm=x, ,', [['basic', { realm: 'x' }]]]
  ])('%s', (header, challenges) => {
    expect(parse(header)).toEqual(challenges)
  })

  it.each([
    'realm="x"',
    'Bearer realm="x" service="y"',
    'Bearer realm="x"service="y"',
    'Bearer realm="x',
    'Bearer realm=""x',
    'Bearer realm=https://a/token',
    'Bearer realm="x",realm="y"',
    'Bearer realm="x",REALM="y"',
    'Bearer Basic realm="x"',
    'Bearer YWJj realm="x"',
    'Bearer realm="x" Basic realm="y"',
    'Bearer realm="a\u0000b"',
    'Bearer\trealm="x"',
    '"Bearer"',
    'Bearer realm="x";service="y"',
    `Bearer realm="${'x'.repeat(9000)}"`
  ])('%j is malformed', header => {
    expect(parse(header)).toBeUndefined()
  })

  it('of any kind is read at once', () => {
    const start = performance.now()
    for (const piece of ['a', ' ', ',', '"', '\\', 'a=', 'a="b",', 'A b,', '=']) {
      parseChallenges(`Bearer ${piece.repeat(8000)}`.slice(0, 8192))
      parseChallenges(`Bearer x="${piece.repeat(8000)}`.slice(0, 8192))
    }
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
