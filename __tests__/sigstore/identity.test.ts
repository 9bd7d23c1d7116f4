import { inspect } from 'node:util'

import { describe, expect, it, jest } from '@jest/globals'

import { issuerOf, requestIdentity, type IdentityToken } from '../../src/sigstore/identity.ts'

const GITHUB = 'https://token.actions.githubusercontent.com'
const NOW = Date.parse('2026-11-23T12:00:00Z')
const CLAIMS = {
  aud: 'sigstore',
  iss: GITHUB,
  sub: 'repo:o/r:ref:refs/heads/main',
  iat: NOW / 1000,
  exp: NOW / 1000 + 300
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const SIGNATURE = 'c2lnbmF0dXJlIHRoYXQgbXVzdCBub3Qgc2hvdw'

function jwt(claims: unknown = CLAIMS): string {
  return `${part({ alg: 'RS256', kid: 'a key of the issuer' })}.${part(claims)}.${SIGNATURE}`
}

function request(token: string, issuer = GITHUB, now = NOW): Promise<IdentityToken> {
  return requestIdentity(() => Promise.resolve(token), { issuer, now: () => now })
}

describe('requestIdentity', () => {
  it('asks for the audience sigstore and reads the claims', async () => {
    const getToken = jest.fn(() => Promise.resolve(jwt()))
    const token = await requestIdentity(getToken, { issuer: GITHUB, now: () => NOW })
    expect(getToken.mock.calls).toEqual([['sigstore']])
    expect(token).toMatchObject({
      subject: CLAIMS.sub,
      issuer: GITHUB,
      claims: CLAIMS,
      issuedAt: new Date(NOW),
      expiresAt: new Date(NOW + 300_000)
    })
    expect(token.raw).toBe(jwt())
  })

  it('keeps the token out of dumps', async () => {
    const token = await request(jwt())
    expect(JSON.stringify(token) + inspect(token)).not.toContain(SIGNATURE)
  })

  it('takes an audience that is a list of one', async () => {
    await expect(request(jwt({ ...CLAIMS, aud: ['sigstore'] }))).resolves.toBeDefined()
  })

  it.each([
    ['another', 'npm', '"npm"'],
    ['several', ['sigstore', 'npm'], '["sigstore","npm"]'],
    ['none', undefined, 'null'],
    ['a longer one', 'sigstore.evil', '"sigstore.evil"']
  ])('refuses %s as audience', async (_, aud, shown) => {
    await expect(request(jwt({ ...CLAIMS, aud }))).rejects.toMatchObject({
      code: 'TOKEN_WRONG_AUDIENCE',
      message: expect.stringContaining(shown)
    })
  })

  it('takes an issuer with the slug of an enterprise', async () => {
    const { issuer } = await request(jwt({ ...CLAIMS, iss: `${GITHUB}/octo-corp` }))
    expect(issuer).toBe(`${GITHUB}/octo-corp`)
  })

  it.each([
    'https://accounts.google.com',
    `${GITHUB}.evil.example`,
    `${GITHUB}/`,
    `${GITHUB}/a/b`,
    `${GITHUB}/a?b`,
    'http://token.actions.githubusercontent.com'
  ])('refuses the issuer %s', async iss => {
    await expect(request(jwt({ ...CLAIMS, iss }))).rejects.toMatchObject({
      code: 'TOKEN_WRONG_ISSUER',
      message: expect.stringContaining(`not from ${GITHUB};`)
    })
  })

  it('refuses a slug behind the issuer of another server', async () => {
    const issuer = 'https://token.actions.octo.ghe.com'
    await expect(request(jwt({ ...CLAIMS, iss: issuer }), issuer)).resolves.toBeDefined()
    await expect(request(jwt({ ...CLAIMS, iss: `${issuer}/x` }), issuer)).rejects.toMatchObject({
      code: 'TOKEN_WRONG_ISSUER'
    })
  })

  it.each([
    ['nothing', ''],
    ['two parts', jwt().split('.').slice(0, 2).join('.')],
    ['four parts', `${jwt()}.x`],
    ['claims that are not JSON', `e30.${SIGNATURE}.${SIGNATURE}`],
    ['claims that are a list', `e30.${part([])}.${SIGNATURE}`],
    ['no subject', jwt({ ...CLAIMS, sub: undefined })],
    ['an empty subject', jwt({ ...CLAIMS, sub: '' })],
    ['a subject of another type', jwt({ ...CLAIMS, sub: 1 })],
    ['no issuer', jwt({ ...CLAIMS, iss: undefined })],
    ['no time of issue', jwt({ ...CLAIMS, iat: undefined })],
    ['no expiry', jwt({ ...CLAIMS, exp: undefined })],
    ['times in text', jwt({ ...CLAIMS, exp: '2000000000' })],
    ['an expiry before its issue', jwt({ ...CLAIMS, exp: CLAIMS.iat })]
  ])('refuses a token with %s, and shows none of it', async (_, token) => {
    const given = request(token)
    await expect(given).rejects.toMatchObject({ code: 'TOKEN_INVALID' })
    const error = (await given.catch((error: unknown) => error)) as Error
    for (const each of token.split('.').filter(part => part.length > 3)) {
      expect(inspect(error)).not.toContain(each)
    }
  })

  it.each([
    [300, 'expired 0 seconds ago by this machine'],
    [720, 'expired 420 seconds ago by this machine'],
    [-61, 'issued 61 seconds in the future of this machine']
  ])('refuses a clock that is %d seconds off', async (seconds, words) => {
    await expect(request(jwt(), GITHUB, NOW + seconds * 1000)).rejects.toMatchObject({
      code: 'CLOCK_WRONG',
      message: expect.stringContaining(words)
    })
  })

  it.each([-60, 0, 299])('takes a clock that is %d seconds off', async seconds => {
    await expect(request(jwt(), GITHUB, NOW + seconds * 1000)).resolves.toBeDefined()
  })
})

describe('issuerOf', () => {
  it.each([
    ['https://github.com', GITHUB],
    ['https://octo.ghe.com', 'https://token.actions.octo.ghe.com'],
    ['https://github.octo.example', 'https://github.octo.example/_services/token'],
    ['https://github.com.evil.example', 'https://github.com.evil.example/_services/token'],
    ['https://evilghe.com', 'https://evilghe.com/_services/token']
  ])('%s', (server, issuer) => {
    expect(issuerOf(server)).toBe(issuer)
  })
})
