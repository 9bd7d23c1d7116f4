import dns from 'node:dns'

import { afterEach, describe, expect, it, jest } from '@jest/globals'

import { digestOf } from '../../src/registry/digest.ts'
import { parseReference } from '../../src/registry/reference.ts'
import type { Transport } from '../../src/registry/transport.ts'
import { uploadWhole } from '../../src/registry/upload.ts'
import { answer, listen, type Loopback } from '../http/loopback.ts'
import { client, error, login, PATH, serve, type Hook, type Server } from './server.ts'

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json'
const MIB = 1024 * 1024
const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE }))
const digest = digestOf(bytes)
const manifest = { mediaType: MANIFEST_TYPE, bytes }

const open: Loopback[] = []
afterEach(async () => {
  jest.restoreAllMocks()
  for (const each of open.splice(0)) await each.close()
})

async function start(hook?: Hook): Promise<Server> {
  const server = await serve(hook)
  open.push(server)
  return server
}

/** Answers requests whose line matches, and leaves the others. */
function on(
  line: RegExp,
  status: number,
  headers: Record<string, string> = {},
  body: Buffer | string = ''
): Hook {
  return (request, response) => {
    if (!line.test(`${request.method ?? ''} ${request.url ?? ''}`)) return false
    response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body)
    return true
  }
}

const describeBlob = (blob: Buffer, size = blob.length) => ({
  mediaType: 'application/octet-stream',
  digest: digestOf(blob),
  size
})

describe('a manifest', () => {
  it('is put under a tag and read by tag and digest', async () => {
    const server = await start()
    const registry = await client()
    await expect(registry.putManifest(server.repository, 'v1', manifest)).resolves.toBe(true)
    const expected = { ...manifest, digest, etag: '"1"' }
    await expect(registry.getManifest(server.repository, 'v1')).resolves.toEqual(expected)
    await expect(registry.getManifest(server.repository, digest)).resolves.toEqual(expected)
    expect(server.asked[1]?.headers.accept).toContain(INDEX_TYPE)
    expect(server.asked[1]?.headers.accept).toContain('docker.distribution.manifest.list.v2+json')
  })

  it('that is not there is undefined', async () => {
    const { repository } = await start()
    await expect((await client()).getManifest(repository, digest)).resolves.toBeUndefined()
  })

  it.each([
    ['other bytes', {}, Buffer.from('{"mediaType":"x"}')],
    [
      'the bytes and another digest',
      { 'docker-content-digest': `sha256:${'0'.repeat(64)}` },
      bytes
    ],
    ['the bytes and no digest', { 'docker-content-digest': 'secret\u00e4' }, bytes]
  ])('by digest is refused where %s come', async (_, headers, body) => {
    const type = { 'content-type': MANIFEST_TYPE }
    const { repository } = await start(on(/manifests/, 200, { ...type, ...headers }, body))
    await expect((await client()).getManifest(repository, digest)).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH',
      message: expect.stringContaining(`${repository.name}@${digest}`)
    })
  })

  it('by tag is refused where the registry says another digest', async () => {
    const headers = {
      'content-type': MANIFEST_TYPE,
      'docker-content-digest': `sha256:${'0'.repeat(64)}`
    }
    const { repository } = await start(on(/manifests/, 200, headers, bytes))
    await expect((await client()).getManifest(repository, 'v1')).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH'
    })
  })

  it('of up to 8 MiB is taken', async () => {
    const server = await start()
    const registry = await client()
    const large = (size: number) => ({
      mediaType: MANIFEST_TYPE,
      bytes: Buffer.from(JSON.stringify({ x: 'x'.repeat(size - 8) }))
    })
    await registry.putManifest(server.repository, 'fits', large(8 * MIB))
    await registry.putManifest(server.repository, 'large', large(8 * MIB + 1))
    await expect(registry.getManifest(server.repository, 'fits')).resolves.toBeDefined()
    await expect(registry.getManifest(server.repository, 'large')).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringMatching(/^The registry 127.* more than the 8388608 bytes/)
    })
  })

  it.each([
    ['', 'not json', 'not a JSON object'],
    [MANIFEST_TYPE, '[]', 'not a JSON object'],
    ['', '{}', 'says what it is'],
    [MANIFEST_TYPE, '{"mediaType":1}', 'says what it is'],
    [MANIFEST_TYPE, `{"mediaType":"${INDEX_TYPE}"}`, 'another type than its Content-Type']
  ])('with the type %j and the content %s is refused', async (type, body, why) => {
    const { repository } = await start(on(/manifests/, 200, { 'content-type': type }, body))
    await expect((await client()).getManifest(repository, 'v1')).rejects.toMatchObject({
      code: 'REGISTRY_ANSWER_INVALID',
      message: expect.stringContaining(why)
    })
  })

  it.each([
    [`${MANIFEST_TYPE}; charset=utf-8`, '{}'],
    ['', JSON.stringify({ mediaType: MANIFEST_TYPE })]
  ])('has the type that %j and %s say', async (type, body) => {
    const { repository } = await start(on(/manifests/, 200, { 'content-type': type }, body))
    const given = (await client()).getManifest(repository, 'v1')
    await expect(given).resolves.toMatchObject({ mediaType: MANIFEST_TYPE })
  })

  it('is put on conditions, and says where they do not hold', async () => {
    const server = await start(on(/PUT .*manifests/, 412))
    const registry = await client()
    const put = (condition?: { ifMatch: string } | { ifNoneMatch: '*' }) =>
      registry.putManifest(server.repository, 'v1', manifest, condition)
    await expect(put({ ifMatch: '"1"' })).resolves.toBe(false)
    await expect(put({ ifNoneMatch: '*' })).resolves.toBe(false)
    await expect(put()).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' })
    expect(
      server.asked.map(({ headers }) => [headers['if-match'], headers['if-none-match']])
    ).toEqual([
      ['"1"', undefined],
      [undefined, '*'],
      [undefined, undefined]
    ])
  })

  it('that is put is compared with what the registry says it has', async () => {
    const claim = { 'docker-content-digest': `sha256:${'0'.repeat(64)}` }
    const { repository } = await start(on(/PUT/, 201, claim))
    await expect((await client()).putManifest(repository, 'v1', manifest)).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH'
    })
  })

  it.each(['../x', 'a/b', 'a?b', 'sha256:0', ''])('is not asked for by %j', async reference => {
    const server = await start()
    await expect((await client()).getManifest(server.repository, reference)).rejects.toMatchObject({
      code: 'IMAGE_REFERENCE_INVALID'
    })
    expect(server.asked).toHaveLength(0)
  })
})

describe('a blob', () => {
  const blob = Buffer.from('blob')
  const small = (line: string): boolean => !line.startsWith('HEAD')

  it('is uploaded in one piece, once', async () => {
    const server = await start()
    const registry = await client()
    await registry.putBlob(server.repository, blob)
    await registry.putBlob(server.repository, blob)
    expect(server.blobs).toEqual(new Map([[digestOf(blob), blob]]))
    expect(server.asked.map(({ line }) => line)).toEqual([
      `HEAD /v2/${PATH}/blobs/${digestOf(blob)}`,
      `POST /v2/${PATH}/blobs/uploads/`,
      `PUT /v2/${PATH}/blobs/uploads/1?_state=a%2Bb&digest=${digestOf(blob).replace(':', '%3A')}`,
      `HEAD /v2/${PATH}/blobs/${digestOf(blob)}`
    ])
    await expect(registry.getBlob(server.repository, describeBlob(blob))).resolves.toEqual(blob)
  })

  it('is uploaded in chunks where one piece is too large', async () => {
    const tooLarge: Hook = (request, response) =>
      request.body.length > 1 && request.method === 'PUT' && error(response, 413, 'SIZE_INVALID')
    const server = await start(tooLarge)
    await (await client()).putBlob(server.repository, blob)
    expect([...server.blobs.values()]).toEqual([blob])
    expect(server.asked.at(-2)?.headers['content-range']).toBe('0-3')
  })

  it('that is large is uploaded in chunks of 8 MiB', async () => {
    const large = Buffer.alloc(17 * MIB, 'x')
    const server = await start()
    await (await client()).putBlob(server.repository, large)
    expect(server.blobs.get(digestOf(large))?.equals(large)).toBe(true)
    const chunks = server.asked.filter(({ line }) => line.startsWith('PATCH'))
    expect(chunks.map(({ headers }) => headers['content-range'])).toEqual([
      '0-8388607',
      '8388608-16777215',
      '16777216-17825791'
    ])
  })

  it('is uploaded in larger chunks where the registry wants them', async () => {
    const least = { location: `/v2/${PATH}/blobs/uploads/9`, 'oci-chunk-min-length': `${9 * MIB}` }
    const server = await start(on(/^POST/, 202, least))
    await (await client()).putBlob(server.repository, Buffer.alloc(17 * MIB))
    const chunks = server.asked.filter(({ line }) => line.startsWith('PATCH'))
    expect(chunks.map(({ headers }) => headers['content-range'])).toEqual([
      '0-9437183',
      '9437184-17825791'
    ])
  })

  it('is compared with what the registry says it has', async () => {
    const { repository } = await start(on(/^PUT/, 201, { 'docker-content-digest': digest }))
    await expect((await client()).putBlob(repository, blob)).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH'
    })
  })

  it('begins a new upload where a chunk got lost', async () => {
    const large = Buffer.alloc(17 * MIB, 'x')
    let patches = 0
    const server = await start((request, response) => {
      if (request.method !== 'PATCH' || ++patches !== 2) return false
      response.writeHead(503).end()
      return true
    })
    await (await client()).putBlob(server.repository, large)
    expect(server.blobs.has(digestOf(large))).toBe(true)
    expect(server.asked.filter(({ line }) => line.startsWith('POST'))).toHaveLength(2)
  })

  it('gives up where chunks keep getting lost', async () => {
    const server = await start(on(/^PATCH/, 503))
    const given = (await client()).putBlob(server.repository, Buffer.alloc(17 * MIB))
    await expect(given).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    expect(server.asked.filter(({ line }) => line.startsWith('PATCH'))).toHaveLength(3)
  })

  it('is there although the answer to its upload got lost', async () => {
    let puts = 0
    const server = await start((request, response) => {
      if (request.method !== 'PUT') return false
      puts += 1
      if (puts === 2) return error(response, 404, 'BLOB_UPLOAD_UNKNOWN')
      server.blobs.set(digestOf(blob), blob)
      response.writeHead(500).end()
      return true
    })
    await (await client()).putBlob(server.repository, blob)
    expect(puts).toBe(2)
  })

  it.each(['PATCH', 'PUT'])('is uploaded although its token expires at the %s', async method => {
    let expired = false
    let issued = 0
    const large = Buffer.alloc(17 * MIB, 'x')
    const server = await start((request, response) => {
      if (request.url?.startsWith('/token') === true) {
        issued += 1
        response.end(JSON.stringify({ token: `t${issued}` }))
        return true
      }
      if (request.method === method && !expired) expired = true
      if (request.headers.authorization === (expired ? 'Bearer t2' : 'Bearer t1')) return false
      const realm = `http://${server.repository.host}/token`
      response.setHeader('www-authenticate', `Bearer realm="${realm}"`)
      return error(response, 401, 'UNAUTHORIZED')
    })
    await (await client()).putBlob(server.repository, large)
    expect(server.blobs.has(digestOf(large))).toBe(true)
    expect(issued).toBe(2)
  })

  it('goes on at another host without credentials', async () => {
    const store = await start()
    const server = await start((request, response) => {
      if (request.headers.authorization === undefined) {
        response.setHeader('www-authenticate', 'Basic realm="x"')
        return error(response, 401, 'UNAUTHORIZED')
      }
      const location = `${store.url}/v2/${PATH}/blobs/uploads/1?signature=x`
      return on(/^POST/, 202, { location })(request, response)
    })
    await (await client(login(server.repository.host))).putBlob(server.repository, blob)
    expect(store.blobs.size).toBe(1)
    expect(JSON.stringify(store.asked)).not.toContain('Basic')
    expect(server.asked.some(each => each.authorization?.startsWith('Basic'))).toBe(true)
  })

  it.each([
    ['http://example.com/upload?secret', 'without https'],
    ['https://user:secret@localhost/upload', 'a user in it'],
    ['http://:0', 'does not say where'],
    [undefined, 'does not say where']
  ])('does not go on at %s', async (location, why) => {
    const { repository } = await start(on(/^POST/, 202, location === undefined ? {} : { location }))
    const given = (await client()).putBlob(repository, blob)
    await expect(given).rejects.toMatchObject({
      code: 'REGISTRY_ANSWER_INVALID',
      message: expect.stringContaining(why)
    })
    await expect(given).rejects.not.toThrow('secret')
  })

  it.each([
    'http://127.0.0.1:1/upload',
    'https://localhost/upload',
    'http://registry.example/upload'
  ])('of a registry elsewhere does not go on at %s', async location => {
    const send = jest.fn<Transport['send']>().mockResolvedValue({
      status: 202,
      headers: { location },
      body: Buffer.alloc(0)
    })
    const { repository } = parseReference('registry.example/app', 'images')
    const given = uploadWhole({ send }, repository, blob, digestOf(blob), () =>
      Promise.resolve(false)
    )
    await expect(given).rejects.toMatchObject({ code: 'REGISTRY_ANSWER_INVALID' })
    expect(send).toHaveBeenCalledTimes(1)
  })

  it.each(['POST', 'PUT', 'PATCH'])('does not follow a redirect of its %s', async method => {
    const other = await listen(answer(201))
    open.push(other)
    const redirect = on(new RegExp(`^${method}`), 307, { location: `${other.url}/x` })
    const server = await start(redirect)
    const given = (await client()).putBlob(
      server.repository,
      Buffer.alloc(method === 'PATCH' ? 17 * MIB : 1)
    )
    await expect(given).rejects.toMatchObject({ code: 'SERVICE_REDIRECTED' })
    expect(other.requests).toHaveLength(0)
  })

  it('is read from where the registry keeps it, without credentials', async () => {
    const store = await listen(answer(200, 'blob'))
    open.push(store)
    const server = await start((request, response) => {
      if (request.headers.authorization === undefined) {
        response.setHeader('www-authenticate', 'Basic realm="x"')
        return error(response, 401, 'UNAUTHORIZED')
      }
      return on(/^GET/, 307, { location: `${store.url}/blob` })(request, response)
    })
    const registry = await client(login(server.repository.host))
    await expect(registry.getBlob(server.repository, describeBlob(blob))).resolves.toEqual(blob)
    expect(store.requests[0]?.headers.authorization).toBeUndefined()
  })

  it.each([
    ['other bytes', 'blub', 'REGISTRY_DIGEST_MISMATCH'],
    ['fewer bytes', 'blo', 'REGISTRY_DIGEST_MISMATCH'],
    ['more bytes', 'blobs', 'REGISTRY_DIGEST_MISMATCH'],
    ['too many bytes', 'b'.repeat(MIB), 'SERVICE_ANSWER_INVALID']
  ])('is refused where %s come', async (_, body, code) => {
    const { repository } = await start(on(/^GET/, 200, {}, body))
    await expect((await client()).getBlob(repository, describeBlob(blob))).rejects.toMatchObject({
      code
    })
  })

  it('is refused where the registry says another digest', async () => {
    const { repository } = await start(on(/^GET/, 200, { 'docker-content-digest': 'x' }, blob))
    await expect((await client()).getBlob(repository, describeBlob(blob))).rejects.toMatchObject({
      code: 'REGISTRY_DIGEST_MISMATCH'
    })
  })

  it('of another size than was said is refused', async () => {
    const { repository } = await start(on(/^GET/, 200, {}, blob))
    await expect((await client()).getBlob(repository, describeBlob(blob, 5))).rejects.toMatchObject(
      {
        code: 'REGISTRY_ANSWER_INVALID',
        message: expect.stringContaining('4 bytes and not 5')
      }
    )
  })

  it('larger than 64 MiB is not asked for', async () => {
    const server = await start()
    const given = (await client()).getBlob(server.repository, describeBlob(blob, 64 * MIB + 1))
    await expect(given).rejects.toMatchObject({ code: 'REGISTRY_ANSWER_INVALID' })
    expect(server.asked).toHaveLength(0)
  })

  it('that is not there is undefined', async () => {
    const { repository } = await start()
    await expect((await client()).getBlob(repository, describeBlob(blob))).resolves.toBeUndefined()
  })

  it('is uploaded a hundred at a time', async () => {
    const server = await start()
    const registry = await client()
    const blobs = Array.from({ length: 100 }, (_, i) => Buffer.from(`blob ${i}`))
    await Promise.all(blobs.map(each => registry.putBlob(server.repository, each)))
    expect(server.blobs.size).toBe(100)
    expect(server.asked.filter(({ line }) => small(line))).toHaveLength(200)
  })
})

describe('referrers', () => {
  const entry = (n: number) => ({
    mediaType: MANIFEST_TYPE,
    digest: digestOf(Buffer.from(`${n}`)),
    size: n
  })
  const page = (...manifests: unknown[]): string => JSON.stringify({ schemaVersion: 2, manifests })
  const type = { 'content-type': INDEX_TYPE }

  /** Answers the first page, the second, and so on; the last one stays. */
  function pages(...list: [headers: Record<string, string>, body: string][]): Hook {
    let next = 0
    return (request, response) => {
      const [headers, body] = list[Math.min(next++, list.length - 1)] ?? [{}, '']
      response.writeHead(200, { ...type, ...headers }).end(body)
      return true
    }
  }
  const list = async (hook: Hook) => {
    const server = await start(hook)
    return { server, given: (await client()).listReferrers(server.repository, digest) }
  }

  it('are those of all pages', async () => {
    const { server, given } = await list(
      pages(
        [{ link: `</v2/${PATH}/referrers/${digest}?n=2>; rel="next"` }, page(entry(1), entry(2))],
        [{ link: '<https://x/docs>; rel=help, <?n=4>; rel=next' }, page(entry(3))],
        [{ link: '<https://x/docs>; rel=help' }, page(entry(4))]
      )
    )
    await expect(given).resolves.toEqual([1, 2, 3, 4].map(entry))
    expect(server.asked.map(({ line }) => line)).toEqual(
      ['', '?n=2', '?n=4'].map(query => `GET /v2/${PATH}/referrers/${digest}${query}`)
    )
  })

  it('keep what they say of themselves', async () => {
    const full = {
      ...entry(1),
      artifactType: 'a/b',
      annotations: { a: 'b' },
      platform: { os: 'linux' }
    }
    const { given } = await list(pages([{}, page(full)]))
    await expect(given).resolves.toEqual([full])
  })

  it('with a digest of another algorithm are left out', async () => {
    const foreign = { ...entry(2), digest: `sha512:${'0'.repeat(128)}` }
    const { given } = await list(pages([{}, page(entry(1), foreign)]))
    await expect(given).resolves.toEqual([entry(1)])
  })

  it.each([400, 404, 405, 406, 410, 501])(
    'are undefined where the registry answers %d',
    async status => {
      const { given } = await list((_, response) => error(response, status, 'UNSUPPORTED'))
      await expect(given).resolves.toBeUndefined()
    }
  )

  it('are undefined where the answer is a page of something else', async () => {
    const { given } = await list(on(/./, 200, { 'content-type': 'text/html' }, '<html>'))
    await expect(given).resolves.toBeUndefined()
  })

  it.each([
    [403, 'REGISTRY_FORBIDDEN'],
    [401, 'REGISTRY_ANSWER_INVALID'],
    [429, 'SERVICE_UNAVAILABLE'],
    [500, 'SERVICE_UNAVAILABLE'],
    [418, 'REGISTRY_REFUSED']
  ])('could not be looked at where the registry answers %d', async (status, code) => {
    const { given } = await list((_, response) => error(response, status, 'X'))
    await expect(given).rejects.toMatchObject({ code })
  })

  it.each([
    'x',
    '[]',
    '{}',
    '{"manifests":{}}',
    page(null),
    page({ ...entry(1), digest: 'sha256:0' }),
    page({ ...entry(1), digest: undefined }),
    page({ ...entry(1), size: -1 }),
    page({ ...entry(1), size: '1' }),
    page({ ...entry(1), mediaType: undefined }),
    page({ ...entry(1), artifactType: 1 }),
    page({ ...entry(1), annotations: { a: 1 } }),
    page({ ...entry(1), platform: 'linux' })
  ])('that are %s are no index', async body => {
    const { given } = await list(pages([{}, body]))
    await expect(given).rejects.toMatchObject({
      code: 'REGISTRY_ANSWER_INVALID',
      message: expect.stringContaining('the list of referrers is not an index')
    })
  })

  it.each([
    'https://evil.example/v2/o/app/referrers/',
    `http://127.0.0.1:1/v2/${PATH}/referrers/${digest}`,
    '/v2/other/app/referrers/x',
    'http://:0'
  ])('do not go on at %s', async target => {
    const { given } = await list(pages([{ link: `<${target}>; rel="next"` }, page(entry(1))]))
    await expect(given).rejects.toThrow('leads elsewhere')
  })

  it.each(['user', '%ff'])('do not go on as somebody else, %s', async user => {
    const { given } = await list((request, response) => {
      const target = `http://${user}@${request.headers.host ?? ''}${request.url ?? ''}?n=2`
      return pages([{ link: `<${target}>; rel="next"` }, page(entry(1))])(request, response)
    })
    await expect(given).rejects.toThrow('leads elsewhere')
  })

  it('that do not end are not read for ever', async () => {
    const { server, given } = await list(pages([{ link: '<?again>; rel="next"' }, page(entry(1))]))
    await expect(given).rejects.toThrow('does not end')
    expect(server.asked).toHaveLength(100)
  })

  it('that are too many are not read for ever', async () => {
    const many = page(...Array<unknown>(6000).fill(entry(1)))
    const { server, given } = await list(pages([{ link: '<?again>; rel="next"' }, many]))
    await expect(given).rejects.toThrow('does not end')
    expect(server.asked).toHaveLength(2)
  })

  it('are not half of what they should be', async () => {
    let asked = 0
    const { given } = await list((request, response) => {
      asked += 1
      if (asked === 2) return error(response, 404, 'GONE')
      return pages([{ link: '<?n=2>; rel="next"' }, page(entry(1))])(request, response)
    })
    await expect(given).rejects.toMatchObject({ code: 'REGISTRY_REFUSED' })
  })
})

describe('a refusal', () => {
  it.each([
    [403, 'REGISTRY_FORBIDDEN', 'Give the account that docker logged in with the right'],
    [404, 'REGISTRY_REFUSED', 'Some registries want it created first'],
    [405, 'REGISTRY_REFUSED', 'Does it take OCI artifacts there?'],
    [413, 'REGISTRY_REFUSED', 'raise its limit'],
    [400, 'REGISTRY_REFUSED', 'Look at what it says']
  ])('%d to a push has its sentence', async (status, code, advice) => {
    const { repository } = await start((_, response) => error(response, status, 'CODE', 'in words'))
    const failure = { code, message: expect.stringContaining(advice) }
    const given = (await client()).putManifest(repository, 'v1', manifest)
    await expect(given).rejects.toMatchObject(failure)
    await expect(given).rejects.toThrow(`${repository.name} be written to (${status}`)
    await expect(given).rejects.toThrow('"CODE: in words"')
  })

  it('429 is waited for until the deadline', async () => {
    const { repository } = await start((_, response) => error(response, 429, 'TOOMANYREQUESTS'))
    await expect((await client()).getManifest(repository, 'v1')).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringContaining('429 Too Many Requests')
    })
  })

  it('503 passes', async () => {
    let asked = 0
    const { repository } = await start((_, response) => {
      asked += 1
      return asked === 1 && error(response, 503, 'UNAVAILABLE')
    })
    await expect((await client()).putManifest(repository, 'v1', manifest)).resolves.toBe(true)
  })

  it('of a host that does not exist names it', async () => {
    const fail = ((_: string, __: unknown, callback: (error: Error) => void) => {
      callback(Object.assign(new Error(), { code: 'ENOTFOUND' }))
    }) as unknown as typeof dns.lookup
    jest.spyOn(dns, 'lookup').mockImplementation(fail)
    const { repository } = parseReference('registry.example/app', 'images')
    await expect((await client()).getManifest(repository, 'v1')).rejects.toMatchObject({
      code: 'SERVICE_UNREACHABLE',
      message: expect.stringMatching(/^The registry registry.example .*no such host/)
    })
  })
})
