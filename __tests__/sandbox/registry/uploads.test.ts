import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Sandbox, startSandbox } from '../../../sandbox/client.ts'
import { NOWHERE, ask, beginUpload, digestOf, refusalOf, uploadBlob } from './requests.ts'

let sandbox: Sandbox
let url: string
beforeAll(async () => {
  sandbox = await startSandbox()
  url = `${sandbox.urls.registry}/v2/o/app`
})
afterEach(async () => sandbox.setRegistry({}))
afterAll(async () => sandbox.stop())

describe('a blob', () => {
  it('is uploaded in one piece, and found in its repository only', async () => {
    const { status, headers } = await uploadBlob(url, 'whole')
    expect([status, headers.get('docker-content-digest')]).toEqual([201, digestOf('whole')])
    const location = new URL(headers.get('location') ?? '', url).href
    expect((await ask('GET', location)).bytes.toString()).toBe('whole')
    const head = await ask('HEAD', location)
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '5'])
    const other = `${sandbox.urls.registry}/v2/o/other`
    await uploadBlob(other, 'x')
    const missing = await ask('GET', `${other}/blobs/${digestOf('whole')}`)
    expect(refusalOf(missing)).toBe('404 BLOB_UNKNOWN')
  })

  it('is uploaded in chunks, each where the last one ended', async () => {
    const begun = await ask('POST', `${url}/blobs/uploads/`)
    expect([begun.status, begun.headers.get('range')]).toEqual([202, '0-0'])
    const id = begun.headers.get('docker-upload-uuid') ?? ''
    const upload = begun.headers.get('location') ?? ''
    expect(upload).toMatch(`${url}/blobs/uploads/${id}`)

    const patched = await ask('PATCH', upload, 'chunk', { 'content-range': '0-4' })
    expect([patched.status, patched.headers.get('range')]).toEqual([202, '0-4'])
    const again = await ask('PATCH', upload, 'chunk', { 'content-range': '0-4' })
    expect(refusalOf(again)).toBe('416 BLOB_UPLOAD_INVALID')
    expect(again.headers.get('range')).toBe('0-4')
    expect((await ask('PATCH', upload, ' and')).headers.get('range')).toBe('0-8')
    const state = await ask('GET', upload)
    expect([state.status, state.headers.get('range')]).toEqual([204, '0-8'])

    const digest = digestOf('chunk and rest')
    const end = `${upload}&digest=${digest}`
    expect((await ask('PUT', end, ' rest', { 'content-range': '9-13' })).status).toBe(201)
    expect((await ask('GET', `${url}/blobs/${digest}`)).bytes.toString()).toBe('chunk and rest')
    expect(refusalOf(await ask('PATCH', upload, 'x'))).toBe('404 BLOB_UPLOAD_UNKNOWN')
  })

  it('is refused under the digest of another, or none', async () => {
    const upload = await beginUpload(url)
    expect(refusalOf(await ask('PUT', `${upload}&digest=${NOWHERE}`, 'x'))).toBe(
      '400 DIGEST_INVALID'
    )
    expect(refusalOf(await ask('PUT', await beginUpload(url), 'x'))).toBe('400 DIGEST_INVALID')
  })

  it('is refused where its upload did not begin: its address counts, with its query', async () => {
    const upload = await beginUpload(url)
    const [bare] = upload.split('?')
    const unknown = '404 BLOB_UPLOAD_UNKNOWN'
    expect(refusalOf(await ask('PATCH', bare ?? '', 'x'))).toBe(unknown)
    expect(refusalOf(await ask('PATCH', upload.replace('o/app', 'o/b'), 'x'))).toBe(unknown)
    expect((await ask('PATCH', upload, 'x')).status).toBe(202)
  })

  it('has to come in chunks where the registry is switched so', async () => {
    await sandbox.setRegistry({ chunkOnly: true })
    expect(refusalOf(await uploadBlob(url, 'y'))).toBe('405 UNSUPPORTED')
    const upload = await beginUpload(url)
    await ask('PATCH', upload, 'y')
    expect((await ask('PUT', `${upload}&digest=${digestOf('y')}`)).status).toBe(201)
  })
})
