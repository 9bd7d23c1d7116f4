import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { type Sandbox, startSandbox } from '../../../sandbox/client.ts'
import {
  INDEX_TYPE,
  MANIFEST_TYPE,
  NOWHERE,
  ask,
  digestOf,
  emptyManifest,
  putManifest,
  refusalOf,
  subjectOf,
  uploadBlob
} from './requests.ts'

let sandbox: Sandbox
let url: string
let count = 0
beforeAll(async () => {
  sandbox = await startSandbox()
})
beforeEach(async () => {
  url = `${sandbox.urls.registry}/v2/o/app-${(count += 1)}`
  await uploadBlob(url, '{}')
})
afterEach(async () => sandbox.setRegistry({}))
afterAll(async () => sandbox.stop())

const [first, second] = [emptyManifest({ annotations: { n: '1' } }), emptyManifest()]

describe('a manifest', () => {
  it('is found by its tag and its digest, with its bytes and its content type as they were', async () => {
    const type = `${MANIFEST_TYPE}; charset=utf-8`
    const spaced = ` ${first}\n`
    const pushed = await putManifest(url, 'v1', spaced, { 'content-type': type })
    expect(pushed.status).toBe(201)
    expect(pushed.headers.get('location')).toMatch(`/manifests/${digestOf(spaced)}`)
    for (const reference of ['v1', digestOf(spaced), encodeURIComponent(digestOf(spaced))]) {
      const { headers, bytes } = await ask('GET', `${url}/manifests/${reference}`)
      expect(bytes.toString()).toBe(spaced)
      expect(headers.get('content-type')).toBe(type)
      expect(headers.get('docker-content-digest')).toBe(digestOf(spaced))
    }
    const head = await ask('HEAD', `${url}/manifests/v1`)
    expect([head.status, head.bytes.length]).toEqual([200, 0])
    expect(head.headers.get('content-length')).toBe(String(spaced.length))
    const { bytes } = await ask('GET', `${url}/tags/list`)
    expect(JSON.parse(bytes.toString())).toMatchObject({ tags: ['v1'] })
  })

  it.each([
    ['not JSON', '{', {}],
    ['null', 'null', {}],
    ['schema 1', emptyManifest({ schemaVersion: 1 }), {}],
    ['another media type within', emptyManifest({ mediaType: INDEX_TYPE }), {}],
    ['a content type that is none', JSON.stringify({ schemaVersion: 2 }), { 'content-type': 'x' }],
    ['no layers', emptyManifest({ layers: undefined }), {}],
    ['no configuration', emptyManifest({ config: undefined }), {}],
    ['a subject that is none', emptyManifest({ subject: { digest: 'x' } }), {}],
    ['a wrong size', emptyManifest({ layers: [{ ...subjectOf('{}'), size: 3 }] }), {}]
  ])('is refused: %s', async (_, manifest, headers) => {
    expect(refusalOf(await putManifest(url, 'v1', manifest, headers))).toBe('400 MANIFEST_INVALID')
  })

  it('is refused without its blobs, or the manifests that an index names', async () => {
    const layers = emptyManifest({ layers: [subjectOf('x')] })
    expect(refusalOf(await putManifest(url, 'v1', layers))).toBe('400 MANIFEST_BLOB_UNKNOWN')
    const index = JSON.stringify({ schemaVersion: 2, manifests: [subjectOf(first)] })
    const put = async () => putManifest(url, 'v1', index, { 'content-type': INDEX_TYPE })
    expect(refusalOf(await put())).toBe('400 MANIFEST_BLOB_UNKNOWN')
    await putManifest(url, digestOf(first), first)
    expect((await put()).status).toBe(201)
  })

  it('is refused under the digest of another, and with more than 4 MiB', async () => {
    expect(refusalOf(await putManifest(url, NOWHERE, first))).toBe('400 DIGEST_INVALID')
    const big = emptyManifest({ annotations: { a: 'x'.repeat(2 ** 22) } })
    expect(refusalOf(await putManifest(url, 'v1', big))).toBe('413 SIZE_INVALID')
  })

  it('is unknown: a tag, a digest, a repository, and what the client does not accept', async () => {
    await putManifest(url, 'v1', first)
    const get = async (at: string, accept = '*/*'): Promise<string> =>
      refusalOf(await ask('GET', at, null, { accept }))
    expect(await get(`${url}/manifests/v2`)).toBe('404 MANIFEST_UNKNOWN')
    expect(await get(`${url}/manifests/${NOWHERE}`)).toBe('404 MANIFEST_UNKNOWN')
    expect(await get(`${url}/manifests/v1`, INDEX_TYPE)).toBe('404 MANIFEST_UNKNOWN')
    expect(await get(`${url}-other/manifests/v1`)).toBe('404 NAME_UNKNOWN')
    expect(await get(`${url}/Upper/manifests/v1`)).toBe('404 NAME_INVALID')
    expect(refusalOf(await ask('DELETE', `${url}/manifests/v1`))).toBe('405 UNSUPPORTED')
  })

  it('is confirmed to have a subject where there is a referrers API', async () => {
    const referrer = emptyManifest({ subject: subjectOf(first) })
    const { headers } = await putManifest(url, digestOf(referrer), referrer)
    expect(headers.get('oci-subject')).toBe(digestOf(first))
    const url2 = `${sandbox.urls.registry2}/v2/o/app`
    await uploadBlob(url2, '{}')
    const other = await putManifest(url2, digestOf(referrer), referrer)
    expect([other.status, other.headers.get('oci-subject')]).toEqual([201, null])
  })
})

describe('conditions', () => {
  const conditional = async (manifest: string, headers: Record<string, string>): Promise<number> =>
    (await putManifest(url, 'v1', manifest, headers)).status

  it('are heeded by a registry with ETags', async () => {
    expect(await conditional(first, { 'if-match': '*' })).toBe(412)
    expect(await conditional(first, { 'if-none-match': '*' })).toBe(201)
    expect(await conditional(second, { 'if-none-match': '*' })).toBe(412)
    const { headers } = await ask('GET', `${url}/manifests/v1`)
    const etag = headers.get('etag') ?? ''
    expect(await conditional(second, { 'if-match': etag })).toBe(201)
    expect(await conditional(first, { 'if-match': etag })).toBe(412)
    expect((await ask('GET', `${url}/manifests/v1`)).bytes.toString()).toBe(second)
  })

  it('mean nothing to one without', async () => {
    await sandbox.setRegistry({ etags: false })
    await putManifest(url, 'v1', first)
    expect((await ask('GET', `${url}/manifests/v1`)).headers.get('etag')).toBeNull()
    expect(await conditional(second, { 'if-none-match': '*' })).toBe(201)
  })

  it('are heeded by what is there, not by what stale reads show', async () => {
    await sandbox.setRegistry({ staleSeconds: 3600 })
    await putManifest(url, 'v1', first)
    expect((await ask('GET', `${url}/manifests/v1`)).status).toBe(404)
    expect((await ask('GET', `${url}/manifests/${digestOf(first)}`)).status).toBe(200)
    expect(await conditional(second, { 'if-none-match': '*' })).toBe(412)
  })
})

describe('switches', () => {
  it('make tags immutable', async () => {
    await sandbox.setRegistry({ immutableTags: true })
    expect((await putManifest(url, 'v1', first)).status).toBe(201)
    expect((await putManifest(url, 'v1', first)).status).toBe(201)
    expect(refusalOf(await putManifest(url, 'v1', second))).toBe('400 TAG_INVALID')
  })

  it('forbid every push, in one registry only if so told', async () => {
    await sandbox.setRegistry({ service: 'registry2', readOnly: true })
    expect((await putManifest(url, 'v1', first)).status).toBe(201)
    await sandbox.setRegistry({ readOnly: true })
    expect(refusalOf(await putManifest(url, 'v1', first))).toBe('403 DENIED')
    expect(refusalOf(await ask('POST', `${url}/blobs/uploads/`))).toBe('403 DENIED')
    expect((await ask('GET', `${url}/manifests/v1`)).status).toBe(200)
  })
})
