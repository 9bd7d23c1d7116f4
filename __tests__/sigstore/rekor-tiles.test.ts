import { createHash } from 'node:crypto'

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'

import type { Http, HttpRequest } from '../../src/http.ts'
import type { LogEntry } from '../../src/sigstore/entry.ts'
import { requestCertificate } from '../../src/sigstore/fulcio.ts'
import { generateKey } from '../../src/sigstore/key.ts'
import { logSignature } from '../../src/sigstore/rekor-tiles.ts'
import { client, put, startInstance, withJson, type Instance, type Json } from './instance.ts'

let instance: Instance
let certificate: Buffer
const key = generateKey()

beforeAll(async () => {
  instance = await startInstance()
  const { servicesV2, identity } = instance
  const { der } = await requestCertificate(client(), servicesV2.fulcio.url, await identity(), key)
  certificate = der
})
afterEach(() => instance.sandbox.clearFaults())
afterAll(() => instance.stop())

const sha256 = createHash('sha256').update('content').digest()
const base64 = (text: string): string => Buffer.from(text).toString('base64')

function log(http = client()): Promise<LogEntry> {
  const url = instance.servicesV2.rekor?.url ?? ''
  return logSignature(
    http,
    url,
    { sha256, signature: key.signDigest(sha256), certificate },
    Infinity
  )
}

/** An answer that is changed at a path. */
const changed = (path: string, value: unknown): Http =>
  client(response =>
    withJson(response, json => {
      put(json, path, value)
      return json
    })
  )
/** An answer whose body is changed at a path, as a log would that put in something else. */
const inBody = (path: string, value: unknown): Http =>
  client(response =>
    withJson(response, json => {
      const body = JSON.parse(
        Buffer.from(String(json.canonicalizedBody), 'base64').toString()
      ) as Json
      put(body, path, value)
      return { ...json, canonicalizedBody: base64(JSON.stringify(body)) }
    })
  )

describe('an entry of Rekor v2', () => {
  it('comes back with a proof, and without promise or time', async () => {
    const entry = await log()
    expect(entry).toMatchObject({
      kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
      integratedTime: '0',
      inclusionPromise: undefined,
      inclusionProof: {
        logIndex: entry.logIndex,
        checkpoint: { envelope: expect.stringMatching(/^127\.0\.0\.1\n/) }
      }
    })
    expect(entry.logId.keyId).toHaveLength(32)
  })

  it('is asked for once, with time for the next checkpoint', async () => {
    const requests: HttpRequest[] = []
    const http = client()
    await log({
      request: request => {
        requests.push(request)
        return http.request(request)
      }
    })
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({ method: 'POST', attemptTimeout: 60_000 })
    expect(requests[0]?.url).toMatch(/\d\/api\/v2\/log\/entries$/)
    expect(Object.keys(JSON.parse(String(requests[0]?.body)) as Json)).toEqual([
      'hashedRekordRequestV002'
    ])
  })

  it.each([408, 429, 499, 500, 502, 503, 504])('is asked for again after a %d', async status => {
    await instance.sandbox.fault({ service: 'rekor2', kind: 'status', status, times: 1 })
    const entry = await log()
    expect(entry.inclusionProof).toBeDefined()
  })

  it('is not asked for again where the log is closed, and there is a sentence for it', async () => {
    await instance.sandbox.fault({ service: 'rekor2', kind: 'status', status: 405 })
    const before = (await instance.sandbox.requests()).length
    await expect(log()).rejects.toMatchObject({
      code: 'REKOR_FROZEN',
      message: expect.stringMatching(/127\.0\.0\.1.*405.*signing config/)
    })
    expect(await instance.sandbox.requests()).toHaveLength(before + 1)
  })

  it('that the log took although it answered 500 is lost', async () => {
    await instance.sandbox.fault({ service: 'rekor2', kind: 'commit-then-500', times: 1 })
    const before = (await instance.sandbox.requests()).length
    await expect(log()).rejects.toMatchObject({ code: 'REKOR_CONFLICT' })
    const seen = (await instance.sandbox.requests()).slice(before)
    expect(seen.map(({ method, status }) => `${method} ${status}`)).toEqual([
      'POST 500',
      'POST 409'
    ])
  })

  const spec = 'spec.hashedRekordV002'
  it.each<[string, string, unknown]>([
    ['of another kind', 'kind', 'dsse'],
    ['of another version', 'apiVersion', '0.0.1'],
    ['with another signature', `${spec}.signature.content`, base64('other')],
    ['with another digest', `${spec}.data.digest`, base64('other')],
    ['with another algorithm', `${spec}.data.algorithm`, 'SHA2_512'],
    ['with a bare key', `${spec}.signature.verifier.x509Certificate`, undefined],
    ['with another certificate', `${spec}.signature.verifier.x509Certificate.rawBytes`, 'AAAA'],
    ['with other key details', `${spec}.signature.verifier.keyDetails`, 'PKIX_ED25519'],
    ['with more in it', `${spec}.more`, 1]
  ])('%s is not ours', async (_, path, value) => {
    await expect(log(inBody(path, value))).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining('not the one that was sent')
    })
  })

  it.each<[string, string, unknown]>([
    ['another kind', 'kindVersion.kind', 'dsse'],
    ['another version', 'kindVersion.version', '0.0.1']
  ])('called %s is not ours', async (_, path, value) => {
    await expect(log(changed(path, value))).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining('not the one that was sent')
    })
  })
})

describe('an answer of Rekor v2', () => {
  it.each<[string, string, unknown]>([
    ['logIndex', 'logIndex', 1],
    ['logIndex', 'logIndex', undefined],
    ['logIndex', 'logIndex', '-1'],
    ['logIndex', 'logIndex', '01'],
    ['logId', 'logId', undefined],
    ['logId.keyId', 'logId.keyId', ''],
    ['logId.keyId', 'logId.keyId', '%%%'],
    ['kindVersion', 'kindVersion', null],
    ['kindVersion.kind', 'kindVersion.kind', undefined],
    ['kindVersion.version', 'kindVersion.version', 2],
    ['an inclusion proof', 'inclusionProof', null],
    ['inclusionProof.logIndex', 'inclusionProof.logIndex', 0],
    ['inclusionProof.treeSize', 'inclusionProof.treeSize', ''],
    ['inclusionProof.rootHash', 'inclusionProof.rootHash', undefined],
    ['inclusionProof.hashes', 'inclusionProof.hashes', null],
    ['a hash of the proof', 'inclusionProof.hashes', [1]],
    ['inclusionProof.checkpoint', 'inclusionProof.checkpoint', null],
    ['inclusionProof.checkpoint', 'inclusionProof.checkpoint.envelope', ''],
    ['canonicalizedBody', 'canonicalizedBody', undefined],
    ['canonicalizedBody', 'canonicalizedBody', 'no base64']
  ])('that lacks %s is refused', async (what, path, value) => {
    await expect(log(changed(path, value))).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining(`lacks ${what}.`)
    })
  })

  it('may leave out what is always unset', async () => {
    const http = client(response =>
      withJson(response, json => {
        delete json.inclusionPromise
        delete json.integratedTime
        return json
      })
    )
    expect(await log(http)).toMatchObject({ integratedTime: '0' })
  })
})
