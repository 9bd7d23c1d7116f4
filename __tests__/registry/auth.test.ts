import type { RequestListener } from 'node:http'

import { afterEach, describe, expect, it } from '@jest/globals'

import { answer, listen, type Loopback } from '../http/loopback.ts'
import { client, error, login, PATH, serve, USER, type Hook, type Server } from './server.ts'

const BASIC = `Basic ${Buffer.from(`${USER.username}:${USER.password}`).toString('base64')}`
const MANIFEST = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  bytes: Buffer.from('{}')
}

const open: Loopback[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function start(hook?: Hook): Promise<Server> {
  const server = await serve(hook)
  open.push(server)
  return server
}

async function other(...answers: RequestListener[]): Promise<Loopback> {
  const loopback = await listen(...answers)
  open.push(loopback)
  return loopback
}

/** Asks for an authorization that `good` takes, by this challenge. */
function demand(challenge: string, good: (authorization: string) => boolean): Hook {
  return (request, response) => {
    if (request.url?.startsWith('/token') === true) return false
    if (good(request.headers.authorization ?? '')) return false
    response.setHeader('www-authenticate', challenge)
    return error(response, 401, 'UNAUTHORIZED', `not ${request.headers.authorization ?? ''}`)
  }
}

type Asked = { method: string; url: URL; authorization: string | undefined; body: string }

/** A token service that numbers its tokens: `token-1`. */
async function tokens(
  make: (asked: Asked, count: number) => { status?: number; json?: unknown } = () => ({})
): Promise<Loopback & { asked: Asked[] }> {
  const asked: Asked[] = []
  const service = await other((request, response) => {
    let body = ''
    request.on('data', chunk => (body += String(chunk)))
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://x')
      const one = {
        method: request.method ?? '',
        url,
        authorization: request.headers.authorization,
        body
      }
      asked.push(one)
      const { status = 200, json = { token: `token-${asked.length}` } } = make(one, asked.length)
      response.writeHead(status).end(JSON.stringify(json))
    })
  })
  return { ...service, asked }
}

const bearer = (service: Loopback): string =>
  `Bearer realm="${service.url}/token?a=b",service="the registry",scope="repository:other/repo:*"`

describe('Basic authentication', () => {
  it('is sent after it was asked for, and from then on', async () => {
    const server = await start(demand('Basic realm="x"', given => given === BASIC))
    const registry = await client(login(server.repository.host))
    for (let i = 0; i < 2; i++) await registry.getManifest(server.repository, 'v1')
    expect(server.asked.map(each => each.authorization)).toEqual([undefined, BASIC, BASIC])
  })

  it('is not sent to a registry that does not ask', async () => {
    const server = await start()
    const registry = await client(login(server.repository.host))
    await registry.putManifest(server.repository, 'v1', MANIFEST)
    expect(server.asked.map(each => each.authorization)).toEqual([undefined])
  })

  it('of another port or host is not sent', async () => {
    const server = await start(demand('Basic realm="x"', () => false))
    const registry = await client(login('127.0.0.1'))
    await expect(registry.getManifest(server.repository, 'v1')).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
      message: expect.stringMatching(/wants credentials, and docker has none.*docker\/login-action/)
    })
    expect(server.asked.map(each => each.authorization)).toEqual([undefined])
  })

  it('that is not taken is tried once, and not repeated in the message', async () => {
    const server = await start(demand('Basic realm="x"', () => false))
    const registry = await client(login(server.repository.host))
    const given = registry.getManifest(server.repository, 'v1')
    await expect(given).rejects.toMatchObject({
      code: 'REGISTRY_UNAUTHORIZED',
      message: expect.stringContaining('does not take the credentials that docker has for it')
    })
    await expect(given).rejects.not.toThrow(new RegExp(`${USER.password}|${BASIC.slice(6)}`))
    await expect(registry.getManifest(server.repository, 'v1')).rejects.toThrow('does not take')
    expect(server.asked.map(each => each.authorization)).toEqual([undefined, BASIC, BASIC])
  })
})

describe('Bearer authentication', () => {
  it('gets a token for this repository and what is done there, and keeps it', async () => {
    const service = await tokens()
    const server = await start(demand(bearer(service), given => /^Bearer token-\d$/.test(given)))
    const registry = await client(login(server.repository.host))
    await registry.getManifest(server.repository, 'v1')
    await registry.getManifest(server.repository, 'v2')
    await registry.putManifest(server.repository, 'v1', MANIFEST)
    expect(
      service.asked.map(({ url, authorization }) => [authorization, ...url.searchParams])
    ).toEqual(
      ['pull', 'pull,push'].map(actions => [
        BASIC,
        ['a', 'b'],
        ['service', 'the registry'],
        ['scope', `repository:${PATH}:${actions}`]
      ])
    )
    expect(server.asked.map(each => each.authorization)).toEqual([
      undefined,
      'Bearer token-1',
      'Bearer token-1',
      'Bearer token-2'
    ])
  })

  it('needs no credentials where anybody may read', async () => {
    const service = await tokens(() => ({ json: { access_token: 'anonymous' } }))
    const server = await start(demand(bearer(service), given => given === 'Bearer anonymous'))
    const registry = await client()
    await expect(registry.getManifest(server.repository, 'v1')).resolves.toBeUndefined()
    expect(service.asked.map(each => each.authorization)).toEqual([undefined])
  })

  it('is preferred to Basic', async () => {
    const service = await tokens()
    const challenges = `Basic realm="x", ${bearer(service)}`
    const server = await start(demand(challenges, given => given === 'Bearer token-1'))
    const registry = await client(login(server.repository.host))
    await registry.getManifest(server.repository, 'v1')
    expect(server.asked.map(each => each.authorization)).not.toContain(BASIC)
  })

  it('exchanges an identity token by POST', async () => {
    const service = await tokens(() => ({ json: { access_token: 'fresh' } }))
    const server = await start(demand(bearer(service), given => given === 'Bearer fresh'))
    const { host } = server.repository
    const registry = await client({ auths: { [host]: { identitytoken: 'long lived' } } })
    await registry.getManifest(server.repository, 'v1')
    const [{ method, url, authorization, body }] = service.asked as [Asked]
    expect(service.asked).toHaveLength(1)
    expect([method, url.search, authorization]).toEqual(['POST', '?a=b', undefined])
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      service: 'the registry',
      scope: `repository:${PATH}:pull`,
      client_id: 'keyless-sign',
      grant_type: 'refresh_token',
      refresh_token: 'long lived'
    })
  })

  it('is one token for a hundred at once', async () => {
    const service = await tokens()
    const server = await start(demand(bearer(service), given => given === 'Bearer token-1'))
    const registry = await client()
    const asked = Array.from({ length: 100 }, (_, i) =>
      registry.getManifest(server.repository, `v${i}`)
    )
    await Promise.all(asked)
    expect(service.asked).toHaveLength(1)
  })

  it('gets one new token when one expires, for all who had it', async () => {
    const service = await tokens()
    let valid = 'Bearer token-1'
    const server = await start(demand(bearer(service), given => given === valid))
    const registry = await client()
    await registry.getManifest(server.repository, 'v1')
    valid = 'Bearer token-2'
    await Promise.all([1, 2, 3].map(i => registry.getManifest(server.repository, `v${i}`)))
    expect(service.asked).toHaveLength(2)
  })

  it('goes to the first service although another is named later', async () => {
    const service = await tokens()
    let valid = 'Bearer token-1'
    let challenge = bearer(service)
    const server = await start((request, response) =>
      demand(challenge, given => given === valid)(request, response)
    )
    const registry = await client()
    await registry.getManifest(server.repository, 'v1')
    valid = 'Bearer token-2'
    challenge = 'Bearer realm="https://authn.example/token"'
    await registry.getManifest(server.repository, 'v1')
    expect(service.asked).toHaveLength(2)
  })

  it('with a token that does not help ends', async () => {
    const service = await tokens()
    const server = await start(demand(bearer(service), () => false))
    const registry = await client(login(server.repository.host))
    const given = registry.getManifest(server.repository, 'v1')
    await expect(given).rejects.toThrow('does not take the credentials')
    await expect(given).rejects.not.toThrow('token-1')
    expect(service.asked).toHaveLength(1)
  })

  it.each(['http://example.com/token', 'https://evil.example/token', 'https://169.254.169.254/'])(
    'by %s is refused, with credentials or without',
    async realm => {
      const server = await start(demand(`Bearer realm="${realm}"`, () => false))
      for (const config of [login(server.repository.host), {}]) {
        const registry = await client(config)
        await expect(registry.getManifest(server.repository, 'v1')).rejects.toMatchObject({
          code: 'REGISTRY_REALM_REFUSED'
        })
      }
    }
  )

  it.each([307, 308, 302])('follows no redirect of a token service: %d', async status => {
    const thief = await other(answer(200, '{"token":"x"}'))
    const service = await other(answer(status, '', { location: `${thief.url}/token` }))
    const server = await start(demand(bearer(service), () => false))
    const { host } = server.repository
    for (const config of [login(host), { auths: { [host]: { identitytoken: 'secret' } } }]) {
      const registry = await client(config)
      await expect(registry.getManifest(server.repository, 'v1')).rejects.toMatchObject({
        code: 'SERVICE_REDIRECTED'
      })
    }
    expect(thief.requests).toHaveLength(0)
  })

  const identity = (host: string) => ({ auths: { [host]: { identitytoken: 'long lived' } } })
  it.each([
    [401, login, 'does not take the credentials that docker has for it'],
    [403, login, 'REGISTRY_FORBIDDEN'],
    [401, () => ({}), 'docker has none for it'],
    [403, () => ({}), 'docker has none for it'],
    [400, identity, 'does not take the credentials that docker has for it'],
    [404, login, 'REGISTRY_REFUSED']
  ])('says what a token service refused with %d, and no secret', async (status, config, why) => {
    // repeats what it was sent, as it was and decoded
    const service = await tokens(({ authorization, body }) => ({
      status,
      json: {
        a: authorization ?? '',
        b: authorization && USER.password,
        c: new URLSearchParams(body).get('refresh_token')
      }
    }))
    const server = await start(demand(bearer(service), () => false))
    const registry = await client(config(server.repository.host))
    const failure = await registry
      .getManifest(server.repository, 'v1')
      .catch((error: unknown) => error as { code: string; message: string })
    const { code, message } = failure as { code: string; message: string }
    expect(`${code} ${message}`).toContain(why)
    expect(message).toContain(String(status))
    for (const secret of [USER.password, BASIC.slice(6), 'long lived']) {
      expect(message).not.toContain(secret)
    }
  })

  it.each(['{}', '[]', 'secret', '{"token":1}', '{"token":""}', '{"token":"secret\\r\\nx: y"}'])(
    'refuses a token service that answers %s',
    async text => {
      const service = await other(answer(200, text))
      const server = await start(demand(bearer(service), () => false))
      const registry = await client()
      const given = registry.getManifest(server.repository, 'v1')
      await expect(given).rejects.toMatchObject({
        code: 'REGISTRY_ANSWER_INVALID',
        message: expect.stringContaining('its token service sent no token')
      })
      await expect(given).rejects.not.toThrow('secret')
    }
  )
})

it.each([
  ['', 'neither Bearer nor Basic'],
  ['Negotiate', 'neither Bearer nor Basic'],
  ['Bearer realm="x', 'malformed']
])('a 401 with the challenge %j is refused', async (challenge, why) => {
  const server = await start(demand(challenge, () => false))
  const registry = await client(login(server.repository.host))
  await expect(registry.getManifest(server.repository, 'v1')).rejects.toMatchObject({
    code: 'REGISTRY_ANSWER_INVALID',
    message: expect.stringContaining(why)
  })
})
