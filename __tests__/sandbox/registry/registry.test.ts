import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Fault, type Sandbox, startSandbox } from '../../../sandbox/client.ts'
import {
  INDEX_TYPE,
  type Answer,
  ask,
  digestOf,
  emptyManifest,
  putManifest,
  uploadBlob
} from './requests.ts'

const image = emptyManifest()

let sandbox: Sandbox
let url: string
let manifest: string
let blob: string
beforeAll(async () => {
  sandbox = await startSandbox()
  url = `${sandbox.urls.registry}/v2/o/app`
  manifest = `${url}/manifests/v1`
  blob = `${url}/blobs/${digestOf('{}')}`
  await uploadBlob(url, '{}')
  await putManifest(url, 'v1', image)
})
afterEach(async () => sandbox.clearFaults())
afterAll(async () => sandbox.stop())

const fault = async (fields: Omit<Fault, 'service'>): Promise<void> =>
  sandbox.fault({ service: 'registry', times: 1, ...fields })

const elsewhere = async (): Promise<string[]> =>
  (await sandbox.requests())
    .filter(({ service }) => service === 'elsewhere')
    .map(({ method, path, secret }) => `${method} ${path} ${secret}`)

describe('a faulty registry', () => {
  it('alters a byte of a manifest or a blob, and says the digest that it had', async () => {
    await fault({ kind: 'wrong-bytes', times: 2 })
    expect((await ask('HEAD', manifest)).status).toBe(200)
    for (const [address, content] of [
      [manifest, image],
      [blob, '{}']
    ] as const) {
      const { headers, bytes } = await ask('GET', address)
      expect(headers.get('docker-content-digest')).toBe(digestOf(content))
      expect(bytes.length).toBe(content.length)
      expect(digestOf(bytes)).not.toBe(digestOf(content))
    }
    expect((await ask('GET', manifest)).bytes.toString()).toBe(image)
  })

  it('says another digest', async () => {
    await fault({ kind: 'wrong-digest-header' })
    const { headers, bytes } = await ask('GET', manifest)
    expect(headers.get('docker-content-digest')).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(headers.get('docker-content-digest')).not.toBe(digestOf(image))
    expect(bytes.toString()).toBe(image)
  })

  it.each([
    [undefined, 'application/json', false],
    ['content', INDEX_TYPE, false],
    ['media-type', 'application/json', true]
  ] as const)('lists referrers in what is no index: %s', async (part, type, isIndex) => {
    await fault({ kind: 'not-an-index', ...(part === undefined ? {} : { part }) })
    const list = async (): Promise<Answer> => ask('GET', `${url}/referrers/${digestOf(image)}`)
    const { headers, bytes } = await list()
    expect(headers.get('content-type')).toBe(type)
    expect('manifests' in (JSON.parse(bytes.toString()) as object)).toBe(isIndex)
    expect((await list()).headers.get('content-type')).toBe(INDEX_TYPE)
  })

  it('sends clients elsewhere for a blob, which is there, and notes what they bring', async () => {
    await fault({ kind: 'redirect-blob' })
    expect((await ask('HEAD', blob)).status).toBe(200)
    const { status, headers } = await ask('GET', blob)
    const location = headers.get('location') ?? ''
    expect(status).toBe(307)
    expect(location).not.toContain(sandbox.urls.registry)
    expect((await ask('GET', location)).bytes.toString()).toBe('{}')
    const { username, password } = sandbox.registryLogin
    const pair = Buffer.from(`${username}:${password}`).toString('base64')
    await ask('GET', location, null, { authorization: `Basic ${pair}` })
    const path = new URL(blob).pathname
    expect(await elsewhere()).toEqual([`GET ${path} false`, `GET ${path} true`])
  })

  it('lets an upload go on elsewhere', async () => {
    await fault({ kind: 'upload-elsewhere' })
    const { status, headers } = await ask('POST', `${url}/blobs/uploads/`)
    expect(status).toBe(202)
    expect(headers.get('location')).toMatch(/^http:\/\/localhost:\d+\/v2\/o\/app\/blobs\/uploads/)
    expect(headers.get('location')).not.toContain(sandbox.urls.registry)
  })

  it('fails for one kind of request only', async () => {
    await fault({ kind: 'status', status: 429, request: 'GET /v2/o/app/referrers/' })
    expect((await ask('GET', manifest)).status).toBe(200)
    const list = async (): Promise<number> =>
      (await ask('GET', `${url}/referrers/${digestOf(image)}`)).status
    expect([await list(), await list()]).toEqual([429, 200])
  })

  it('takes what it then fails to confirm, but no request that changes nothing', async () => {
    await fault({ kind: 'commit-then-500' })
    expect((await ask('HEAD', manifest)).status).toBe(200)
    expect((await putManifest(url, 'v2', image)).status).toBe(500)
    expect((await ask('GET', `${url}/manifests/v2`)).status).toBe(200)
  })
})

describe('latency', () => {
  it('is before every answer of every service', async () => {
    await sandbox.setLatency(200)
    const ms = async (address: string): Promise<number> => {
      const before = performance.now()
      await ask('GET', address)
      return performance.now() - before
    }
    // A timer may fire a millisecond early.
    expect(await ms(manifest)).toBeGreaterThan(198)
    expect(await ms(sandbox.urls.rekor)).toBeGreaterThan(198)
  })
})
