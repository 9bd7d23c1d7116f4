import { describe, expect, it } from '@jest/globals'

import { select as pick } from '../../src/sigstore/selection.ts'
import { parseSigningConfig, selectServices } from '../../src/sigstore/signing-config.ts'

type Json = Record<string, unknown>

const NOW = new Date('2026-06-01T00:00:00Z')
const OLD = '2025-01-01T00:00:00Z'
const NEW = '2026-01-01T00:00:00Z'
const FUTURE = '2026-06-01T00:00:01Z'

function service(host: string, changes: Json = {}): Json {
  return {
    url: `https://${host}`,
    majorApiVersion: 1,
    validFor: { start: OLD },
    operator: 'example.com',
    ...changes
  }
}

function config(changes: Json = {}): string {
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service('ca')],
    oidcUrls: [service('oidc')],
    rekorTlogUrls: [service('log')],
    tsaUrls: [service('tsa')],
    rekorTlogConfig: { selector: 'ANY' },
    tsaConfig: { selector: 'ANY' },
    ...changes
  })
}

const select = (changes: Json = {}, now = NOW): ReturnType<typeof selectServices> =>
  selectServices(parseSigningConfig(config(changes)), now)

const authorities = (changes: Json): string[] =>
  select(changes).timestampAuthorities.map(({ url }) => url)

describe('parseSigningConfig', () => {
  const one = (changes: Json): Json => ({ caUrls: [service('ca', changes)] })

  it.each<[string, string, RegExp]>([
    ['text', 'signing config', /not a JSON object/],
    ['a list', '[]', /not a JSON object/],
    ['a key twice', '{"mediaType":"","mediaType":""}', /a key twice/],
    ['a million values', `{"a":[${'0,'.repeat(1024 * 1024)}0]}`, /1048576 values/],
    [
      'v0.1',
      config({ mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.1+json' }),
      /v0\.1/
    ],
    ['a trusted root', config({ mediaType: undefined }), /mediaType must be .* and is none/],
    ['services that are no list', config({ caUrls: {} }), /caUrls is not a list/],
    ['a service that is text', config({ caUrls: ['https://ca'] }), /caUrls\[0\] is not an object/],
    ['no URL', config(one({ url: undefined })), /caUrls\[0\]\.url is not a URL/],
    ['a broken URL', config(one({ url: 'ca.example.com' })), /caUrls\[0\]\.url is not a URL/],
    ['a version in text', config(one({ majorApiVersion: '1' })), /majorApiVersion is not a whole/],
    ['a version below 0', config(one({ majorApiVersion: -1 })), /majorApiVersion is not a whole/],
    ['no operator', config(one({ operator: undefined })), /operator is missing/],
    ['an empty operator', config(one({ operator: '' })), /operator is missing/],
    ['no validity', config(one({ validFor: undefined })), /validFor\.start is missing/],
    ['no start', config(one({ validFor: { end: NEW } })), /validFor\.start is missing/],
    ['a start in seconds', config(one({ validFor: { start: 1 } })), /start is not a time/],
    [
      'a start without zone',
      config(one({ validFor: { start: '2026-01-01T00:00:00' } })),
      /not a time/
    ],
    [
      'a start on no day',
      config(one({ validFor: { start: '2026-13-01T00:00:00Z' } })),
      /not a time/
    ],
    ['a broken end', config(one({ validFor: { start: OLD, end: 'never' } })), /end is not a time/],
    ['an end before its start', config(one({ validFor: { start: NEW, end: OLD } })), /ends before/],
    ['no selector of logs', config({ rekorTlogConfig: undefined }), /rekorTlogConfig is missing/],
    ['no selector of authorities', config({ tsaConfig: null }), /tsaConfig is missing/],
    ['an undefined selector', config({ tsaConfig: {} }), /tsaConfig\.selector must be/],
    [
      'an unknown selector',
      config({ tsaConfig: { selector: 'SOME' } }),
      /tsaConfig\.selector must be/
    ],
    ['EXACT without count', config({ tsaConfig: { selector: 'EXACT' } }), /tsaConfig\.count/],
    ['EXACT of 0', config({ tsaConfig: { selector: 'EXACT', count: 0 } }), /tsaConfig\.count/],
    ['EXACT of half', config({ tsaConfig: { selector: 'EXACT', count: 1.5 } }), /tsaConfig\.count/],
    ['EXACT in text', config({ tsaConfig: { selector: 'EXACT', count: '1' } }), /tsaConfig\.count/]
  ])('refuses %s', (_, json, words) => {
    expect(() => parseSigningConfig(json)).toThrow(
      expect.objectContaining({
        code: 'SIGNING_CONFIG_INVALID',
        message: expect.stringMatching(words)
      })
    )
  })

  it('refuses a service that is not https, loopback excepted', () => {
    expect(() => parseSigningConfig(config(one({ url: 'http://ca.example.com' })))).toThrow(
      expect.objectContaining({ code: 'SERVICE_URL_INSECURE' })
    )
    expect(() => parseSigningConfig(config(one({ url: 'http://127.0.0.1:1' })))).not.toThrow()
  })

  it('leaves members alone that it does not know', () => {
    expect(() => parseSigningConfig(config({ comment: { any: 1 } }))).not.toThrow()
  })

  it('reads the sizes and zones that protobuf writes', () => {
    const validFor = { start: '2025-01-01T01:00:00.123456789+01:00', end: null }
    const { fulcio } = parseSigningConfig(config(one({ validFor })))
    expect(fulcio[0]?.validFor).toEqual({ start: new Date('2025-01-01T00:00:00.123Z') })
  })
})

describe('selectServices', () => {
  it('takes one of each', () => {
    expect(select()).toEqual({
      fulcio: { url: 'https://ca', majorApiVersion: 1 },
      rekor: { url: 'https://log', majorApiVersion: 1 },
      timestampAuthorities: [{ url: 'https://tsa', majorApiVersion: 1 }]
    })
  })

  it('takes the newest, not one of the future', () => {
    const caUrls = [
      service('old'),
      service('future', { validFor: { start: FUTURE } }),
      service('new', { validFor: { start: NEW } })
    ]
    expect(select({ caUrls }).fulcio.url).toBe('https://new')
  })

  it('takes the first of two that are as new', () => {
    expect(select({ caUrls: [service('first'), service('second')] }).fulcio.url).toBe(
      'https://first'
    )
  })

  it('holds both ends of a validity to belong to it', () => {
    const validFor = { start: OLD, end: NEW }
    const caUrls = [service('ca', { validFor })]
    expect(select({ caUrls }, new Date(OLD)).fulcio.url).toBe('https://ca')
    expect(select({ caUrls }, new Date(NEW)).fulcio.url).toBe('https://ca')
    for (const now of [Date.parse(OLD) - 1, Date.parse(NEW) + 1]) {
      expect(() => select({ caUrls }, new Date(now))).toThrow(
        expect.objectContaining({ code: 'SIGNING_CONFIG_NO_SERVICE' })
      )
    }
  })

  it.each([0, 2])('takes no version that it does not speak: %d', majorApiVersion => {
    for (const member of ['caUrls', 'tsaUrls']) {
      expect(() => select({ [member]: [service('x', { majorApiVersion })] })).toThrow(
        expect.objectContaining({
          code: 'SIGNING_CONFIG_NO_SERVICE',
          message: expect.stringContaining(member)
        })
      )
    }
  })

  it.each(['caUrls', 'tsaUrls'])('needs %s', member => {
    expect(() => select({ [member]: [] })).toThrow(
      expect.objectContaining({ code: 'SIGNING_CONFIG_NO_SERVICE' })
    )
  })

  it('signs without a log where the instance has none', () => {
    expect(select({ rekorTlogUrls: undefined, rekorTlogConfig: undefined }).rekor).toBeUndefined()
  })

  it('does not take an instance whose logs are all closed for one without', () => {
    const rekorTlogUrls = [service('log', { validFor: { start: OLD, end: NEW } })]
    expect(() => select({ rekorTlogUrls })).toThrow(
      expect.objectContaining({ code: 'SIGNING_CONFIG_NO_SERVICE' })
    )
  })

  const second = service('v2', { majorApiVersion: 2, validFor: { start: NEW } })

  it('takes Rekor v2 rather than a newer v1', () => {
    const newer = service('v1', { validFor: { start: NEW } })
    const older = service('v2', { majorApiVersion: 2 })
    expect(select({ rekorTlogUrls: [newer, older] }).rekor).toEqual({
      url: 'https://v2',
      majorApiVersion: 2
    })
  })

  it.each([
    ['of the future', { majorApiVersion: 2, validFor: { start: FUTURE } }],
    ['of the past', { majorApiVersion: 2, validFor: { start: OLD, end: OLD } }],
    ['that it does not speak', { majorApiVersion: 3 }]
  ])('takes Rekor v1 rather than a newer version %s', (_, other) => {
    expect(select({ rekorTlogUrls: [service('other', other), service('v1')] }).rekor).toEqual({
      url: 'https://v1',
      majorApiVersion: 1
    })
  })

  describe('for legacy signatures', () => {
    const selectV1 = (changes: Json): ReturnType<typeof selectServices> =>
      selectServices(parseSigningConfig(config(changes)), NOW, 'v1')

    it('takes Rekor v1 rather than v2', () => {
      expect(selectV1({ rekorTlogUrls: [second, service('v1')] }).rekor).toEqual({
        url: 'https://v1',
        majorApiVersion: 1
      })
    })

    it('takes the newest of Rekor v1, not one of the future', () => {
      const newer = service('newer', { validFor: { start: NEW } })
      const future = service('future', { validFor: { start: FUTURE } })
      const rekorTlogUrls = [service('older'), newer, future, second]
      expect(selectV1({ rekorTlogUrls }).rekor?.url).toBe('https://newer')
    })

    it.each<[string, Json]>([
      ['there is Rekor v2 alone', { rekorTlogUrls: [second] }],
      ['there is no log', { rekorTlogUrls: undefined, rekorTlogConfig: undefined }],
      [
        'Rekor v1 is closed',
        { rekorTlogUrls: [second, service('v1', { validFor: { start: OLD, end: OLD } })] }
      ]
    ])('says so when %s', (_, changes) => {
      expect(() => selectV1(changes)).toThrow(
        expect.objectContaining({
          code: 'LEGACY_NEEDS_REKOR_V1',
          message: expect.stringMatching(/signature-format.*Rekor v1.*rekorTlogUrls/)
        })
      )
    })
  })

  it('signs with Rekor v2 only where there is a timestamp authority: the log says no time', () => {
    const rekorTlogUrls = [second]
    for (const without of [{ tsaUrls: undefined, tsaConfig: undefined }, { tsaUrls: [] }]) {
      expect(() => select({ rekorTlogUrls, ...without })).toThrow(
        expect.objectContaining({
          code: 'SIGNING_CONFIG_NO_SERVICE',
          message: expect.stringContaining('timestamp authority')
        })
      )
    }
  })

  const several = [
    service('a1'),
    service('a2', { validFor: { start: NEW } }),
    service('b1', { operator: 'b.example' }),
    service('c1', { operator: 'c.example', validFor: { start: FUTURE } })
  ]

  it.each([
    [{ selector: 'ANY' }, ['https://a2']],
    [{ selector: 'ALL' }, ['https://a2', 'https://b1']],
    [{ selector: 'EXACT', count: 1 }, ['https://a2']],
    [{ selector: 'EXACT', count: 2 }, ['https://a2', 'https://b1']]
  ])('selects %j, one of each operator', (tsaConfig, urls) => {
    expect(authorities({ tsaUrls: several, tsaConfig })).toEqual(urls)
  })

  it('says how many there are when EXACT asks for more', () => {
    expect(() => select({ tsaUrls: several, tsaConfig: { selector: 'EXACT', count: 3 } })).toThrow(
      expect.objectContaining({
        code: 'SIGNING_CONFIG_NO_SERVICE',
        message: expect.stringMatching(/exactly 3 .* and 2 can be used/)
      })
    )
  })

  it('refuses a config that asks for several log entries', () => {
    const rekorTlogUrls = [service('a'), service('b', { operator: 'b.example' })]
    const changes = { rekorTlogUrls, rekorTlogConfig: { selector: 'ALL' } }
    expect(() => select(changes)).toThrow(
      expect.objectContaining({
        code: 'SIGNING_CONFIG_INVALID',
        message: expect.stringContaining('2 transparency logs')
      })
    )
  })
})

describe('select', () => {
  it('takes the highest version that is supported, and mixes none', () => {
    const validFor = { start: new Date(OLD) }
    const offered = [1, 2, 3].map(majorApiVersion => ({
      url: `https://v${majorApiVersion}`,
      majorApiVersion,
      validFor,
      operator: `${majorApiVersion}.example`
    }))
    const role = { name: 'log', member: 'rekorTlogUrls', offered, supported: [1, 2] }
    expect(pick({ ...role, selector: { selector: 'ALL' } }, NOW)).toEqual([
      { url: 'https://v2', majorApiVersion: 2 }
    ])
  })
})
