import { describe, expect, it } from '@jest/globals'
import {
  bytes,
  count,
  flag,
  hex,
  list,
  message,
  nullable,
  oneOf,
  open,
  positive,
  short,
  text,
  time,
  url,
  type Shape
} from '../../src/trust/shape.ts'
import { refusal } from './refusal.ts'

const nothing: Shape = () => undefined
const a64k = 'x'.repeat(64 * 1024)

describe.each<[string, Shape, unknown[], string, unknown[]]>([
  ['text', text, ['', 'x'], 'a string', [undefined, null, 1, [], {}]],
  ['flag', flag, [true, false], 'true or false', [undefined, null, 0, 'true']],
  ['url', url, ['https://a.b/c'], 'a URL', ['a.b', '', 1, new URL('https://a.b')]],
  [
    'bytes',
    bytes,
    ['', 'AA==', 'AAA=', 'AAAA', 'AAAAAA==', 'AA\r\nA=\n', '\n'],
    'standard base64',
    [
      'AAA',
      'AAB=',
      'A AA=',
      '_-8=',
      'AAA=\t',
      'AA\nB=',
      'AAAAA',
      'A-AAAAAA',
      'AA==AAAA',
      5,
      null,
      ['AAA=']
    ]
  ],
  [
    'count',
    count,
    [0, 1, '0', '1', '10', '9999999999999999999', Number.MAX_SAFE_INTEGER],
    'a whole number from 0',
    [-1, 0.5, 2 ** 53, NaN, '', '-1', '01', '1e3', ' 1', '1 ', '10000000000000000000', null, [1]]
  ],
  [
    'positive',
    positive,
    [1, Number.MAX_SAFE_INTEGER],
    'a whole number from 1',
    [0, -1, 1.5, 2 ** 53, '1', null]
  ],
  [
    'time',
    time,
    [
      '2026-01-02T03:04:05Z',
      '2026-01-02T03:04:05.1Z',
      '2026-01-02T03:04:05.123456789Z',
      '2026-01-02T03:04:05+01:30',
      '2026-01-02T03:04:05-11:00'
    ],
    'a time as RFC 3339',
    [
      '2026-01-02T03:04:05',
      '2026-01-02T03:04:05.Z',
      '2026-01-02T03:04:05.1234567890Z',
      '2026-01-02T03:04:05+1:30',
      '2026-01-02T03:04:05+01:3',
      '2026-01-02T03:04:05Z ',
      ' 2026-01-02T03:04:05Z',
      '+002026-01-02T03:04:05Z',
      '2026-13-02T03:04:05Z',
      '2026-1-02T03:04:05Z',
      '2026-01-02 03:04:05Z',
      '2026-01-02',
      '',
      1767323045000,
      ['2026-01-02T03:04:05Z']
    ]
  ],
  [
    'hex',
    hex(4),
    ['0af9'],
    'a digest of 4 lower-case hexadecimal digits',
    ['0af', '0af99', '0AF9', '0ag9', 'g0a9', '0a9g', ['0', 'a', 'f', '9'], 1234, null]
  ],
  ['oneOf', oneOf(['a', 'b']), ['a', 'b'], 'one of a, b', ['c', '', 'ab', ['a'], null]],
  ['short', short(text), ['', a64k], 'of a length that such a thing has', [`${a64k}x`]],
  ['what is within short', short(text), ['x'], 'a string', [1, Array<string>(65_537).fill('x')]],
  ['nullable', nullable(text), ['x', null], 'a string', [undefined, 1]],
  ['list', list(nothing), [[], [1]], 'a list', [{}, { length: 0 }, '', null]],
  ['open', open({}), [{}, { x: 1 }], 'an object', [[], '', null, undefined]],
  ['message', message({}), [{}], 'an object', [[], '', null, undefined]]
])('%s', (_, shape, good, words, bad) => {
  it.each(good.map(value => [value]))('takes %j', value => {
    expect(() => {
      shape(value, 'x')
    }).not.toThrow()
  })

  it.each(bad.map(value => [value]))('refuses %j', value => {
    const check = (): void => {
      shape(value, 'x')
    }
    expect(check).toThrow(refusal('FIELD_INVALID'))
    expect(check).toThrow(`x is not ${words}.`)
  })
})

describe('objects and lists', () => {
  const shape = message({ must: text }, { may: list(text) })

  it.each([{ must: '' }, { must: '', may: [] }, { must: '', may: ['a'] }])('take %j', value => {
    expect(() => {
      shape(value, 'x')
    }).not.toThrow()
  })

  it.each<[string, string, unknown]>([
    ['FIELD_INVALID', 'x.must is not present.', {}],
    ['FIELD_INVALID', 'x.must is not present.', { may: [] }],
    ['FIELD_INVALID', 'x.must is not a string.', { must: undefined }],
    ['FIELD_INVALID', 'x.may is not a list.', { must: '', may: undefined }],
    ['FIELD_INVALID', 'x.may[1] is not a string.', { must: '', may: ['a', 1] }],
    [
      'UNKNOWN_FIELD',
      'x has the field "Must", which the format does not know.',
      { Must: '', may: 1 }
    ]
  ])('refuse with %s: %s', (code, words, value) => {
    const check = (): void => {
      shape(value, 'x')
    }
    expect(check).toThrow(refusal(code))
    expect(check).toThrow(words)
  })

  it('take nothing that is only inherited', () => {
    const inherited = Object.create({ must: '' }) as unknown
    expect(() => {
      shape(inherited, 'x')
    }).toThrow('x.must is not present.')
  })

  it('of an open format have any other fields, and check those they know', () => {
    const other = open({ must: text }, { may: text })
    expect(() => {
      other({ must: '', x: 1 }, 'x')
    }).not.toThrow()
    expect(() => {
      other({ must: '', may: 1 }, 'x')
    }).toThrow('x.may is not a string.')
    expect(() => {
      other({ may: '' }, 'x')
    }).toThrow('x.must is not present.')
  })
})
