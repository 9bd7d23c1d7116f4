import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Sandbox, startSandbox } from '../../../sandbox/client.ts'
import { type Answer, ask, refusalOf, uploadBlob } from './requests.ts'

let sandbox: Sandbox
let url: string
let basic: string
beforeAll(async () => {
  sandbox = await startSandbox()
  url = sandbox.urls.registry
  const { username, password } = sandbox.registryLogin
  basic = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  await uploadBlob(`${url}/v2/o/app`, '{}')
})
afterEach(async () => {
  await sandbox.setRegistry({})
  await sandbox.clearFaults()
})
afterAll(async () => sandbox.stop())

const TAGS = '/v2/o/app/tags/list'

const get = async (path: string, authorization?: string): Promise<Answer> =>
  ask('GET', url + path, null, authorization === undefined ? {} : { authorization })

const challengeOf = ({ headers }: Answer): string | null => headers.get('www-authenticate')

const bearer = async (scope: string): Promise<string> => {
  const { bytes } = await get(`/token?scope=${scope}`, basic)
  return `Bearer ${(JSON.parse(bytes.toString()) as { token: string }).token}`
}

const PULL = 'repository:o/app:pull'
const PUSH = 'repository:o/app:pull,push'

describe('the registries', () => {
  it('let everybody in at first', async () => {
    const { status, headers } = await get('/v2/')
    expect(status).toBe(200)
    expect(headers.get('docker-distribution-api-version')).toBe('registry/2.0')
  })

  it('want the password where switched so', async () => {
    await sandbox.setRegistry({ auth: 'basic' })
    const refused = await get('/v2/')
    expect(refusalOf(refused)).toBe('401 UNAUTHORIZED')
    expect(challengeOf(refused)).toBe('Basic realm="sandbox"')
    expect((await get('/v2/', `${basic}x`)).status).toBe(401)
    expect((await get('/v2/', basic)).status).toBe(200)
  })

  it('want a token for what is done, where switched so', async () => {
    await sandbox.setRegistry({ auth: 'bearer' })
    const realm = `Bearer realm="${url}/token",service="sandbox"`
    expect(challengeOf(await get('/v2/'))).toBe(realm)
    expect(challengeOf(await get(TAGS))).toBe(`${realm},scope="${PULL}"`)
    expect((await get(TAGS, basic)).status).toBe(401)

    const pull = await bearer(PULL)
    expect((await get(TAGS, pull)).status).toBe(200)
    expect((await get('/v2/', pull)).status).toBe(200)
    const uploads = `${url}/v2/o/app/blobs/uploads/`
    const refused = await ask('POST', uploads, null, { authorization: pull })
    expect(challengeOf(refused)).toBe(`${realm},scope="${PUSH}",error="insufficient_scope"`)
    const push = { authorization: await bearer(PUSH) }
    expect((await ask('POST', uploads, null, push)).status).toBe(202)
    expect((await get('/v2/o/other/tags/list', push.authorization)).status).toBe(401)
  })

  it('give no token without the password or the identity token', async () => {
    const { username, password, identityToken } = sandbox.registryLogin
    const grant = async (fields: Record<string, string>): Promise<number> =>
      (await ask('POST', `${url}/token`, new URLSearchParams(fields).toString())).status
    expect((await get(`/token?scope=${PULL}`)).status).toBe(401)
    expect(await grant({ grant_type: 'password', username, password })).toBe(200)
    expect(await grant({ grant_type: 'password', username, password: 'x' })).toBe(401)
    expect(await grant({ grant_type: 'refresh_token', refresh_token: identityToken })).toBe(200)
    expect(await grant({ grant_type: 'refresh_token', refresh_token: 'x' })).toBe(401)
  })

  it('let a token expire after so many requests, or when told', async () => {
    await sandbox.setRegistry({ auth: 'bearer', expireAfterRequests: 2 })
    const token = await bearer(PULL)
    const statuses = [await get(TAGS, token), await get(TAGS, token)].map(({ status }) => status)
    expect(statuses).toEqual([200, 200])
    expect(challengeOf(await get(TAGS, token))).toMatch(/error="invalid_token"$/)

    const other = await bearer(PULL)
    await sandbox.fault({ service: 'registry', kind: 'expire-token', times: 1 })
    expect(challengeOf(await get(TAGS, other))).toMatch(/error="invalid_token"$/)
    expect((await get(TAGS, other)).status).toBe(401)
    expect((await get(TAGS, await bearer(PULL))).status).toBe(200)
  })

  it.each([
    ['realm-elsewhere', /realm="http:\/\/localhost:\d+\/token"/],
    ['realm-insecure', /realm="http:\/\/registry\.example\/token"/]
  ] as const)('point to another realm: %s', async (kind, realm) => {
    await sandbox.setRegistry({ auth: 'bearer' })
    await sandbox.fault({ service: 'registry', kind, times: 1 })
    const challenge = challengeOf(await get(TAGS))
    expect(challenge).toMatch(realm)
    expect(challenge).not.toContain(`${url}/token`)
    expect(challengeOf(await get(TAGS))).toContain(`${url}/token`)
  })

  it('count the account and each token as secrets, and write the account for docker', async () => {
    const token = (await bearer(PULL)).replace('Bearer ', '')
    const { password, identityToken } = sandbox.registryLogin
    const pair = basic.replace('Basic ', '')
    const secrets = await sandbox.secrets()
    expect(secrets).toEqual(expect.arrayContaining([password, identityToken, pair, token]))
    const text = await readFile(join(sandbox.dockerConfig, 'config.json'), 'utf8')
    const hosts = [sandbox.urls.registry, sandbox.urls.registry2].map(one => new URL(one).host)
    expect(JSON.parse(text)).toEqual({
      auths: Object.fromEntries(hosts.map(host => [host, { auth: pair }]))
    })
  })
})
