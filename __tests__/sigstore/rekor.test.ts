import { createHash } from 'node:crypto'

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'

import type { Http, HttpResponse } from '../../src/http.ts'
import { statementBundle } from '../../src/sigstore/bundle.ts'
import type { LogEntry } from '../../src/sigstore/entry.ts'
import { requestCertificate } from '../../src/sigstore/fulcio.ts'
import { generateKey } from '../../src/sigstore/key.ts'
import { dsse, hashedRekord, logEntry, type Proposal } from '../../src/sigstore/rekor.ts'
import { client, put, startInstance, withJson, type Instance, type Json } from './instance.ts'

let instance: Instance
let certificate: Buffer
const key = generateKey()

beforeAll(async () => {
  instance = await startInstance()
  const { services, identity } = instance
  const { der } = await requestCertificate(client(), services.fulcio.url, await identity(), key)
  certificate = der
})
afterEach(() => instance.sandbox.clearFaults())
afterAll(() => instance.stop())

const sha256 = createHash('sha256').update('content').digest()
const payload = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}')

const proposals = {
  hashedrekord: () => hashedRekord({ sha256, signature: key.signDigest(sha256), certificate }),
  dsse: () => {
    const pae = Buffer.from(
      `DSSEv1 28 application/vnd.in-toto+json ${payload.length} ${payload.toString()}`
    )
    const parts = { payload, signature: key.sign(pae), certificate }
    return dsse({
      ...parts,
      envelope: statementBundle(parts).content.dsseEnvelope,
      payloadSha256: createHash('sha256').update(payload).digest()
    })
  }
}

function log(http = client(), proposal: Proposal = proposals.hashedrekord()): Promise<LogEntry> {
  return logEntry(http, instance.services.rekor?.url ?? '', proposal, Infinity)
}

const entryOf = (json: Json): Json => Object.values(json)[0] as Json
/** An answer whose entry is changed at a path. */
const changed = (path: string, value: unknown): Http =>
  client(response =>
    withJson(response, json => {
      put(entryOf(json), path, value)
      return json
    })
  )
/** An entry whose body is changed at a path, as a log would that put in something else. */
const inBody = (path: string, value: unknown): Http =>
  client(response =>
    withJson(response, json => {
      const entry = entryOf(json)
      const body = JSON.parse(Buffer.from(String(entry.body), 'base64').toString()) as Json
      put(body, path, value)
      entry.body = Buffer.from(JSON.stringify(body)).toString('base64')
      return json
    })
  )

describe.each(['hashedrekord', 'dsse'] as const)('an entry of %s', kind => {
  const propose = (): Proposal => proposals[kind]()

  it('comes back with promise and proof', async () => {
    const entry = await log(client(), propose())
    expect(entry.kindVersion).toEqual({ kind, version: '0.0.1' })
    expect(entry.inclusionPromise?.signedEntryTimestamp.length).toBeGreaterThan(60)
    expect(entry.inclusionProof?.checkpoint?.envelope).toContain('\u2014 127.0.0.1 ')
    expect(Number(entry.inclusionProof?.treeSize)).toBeGreaterThan(Number(entry.logIndex))
    expect(entry.logId.keyId).toHaveLength(32)
  })

  it('that the log took although it answered 500 is fetched from where it is', async () => {
    await instance.sandbox.fault({ service: 'rekor', kind: 'commit-then-500', times: 1 })
    const before = (await instance.sandbox.requests()).length
    const entry = await log(client(), propose())
    expect(entry.inclusionProof).toBeDefined()
    const seen = (await instance.sandbox.requests()).slice(before)
    expect(seen.map(({ method, status }) => `${method} ${status}`)).toEqual([
      'POST 500',
      'POST 409',
      'GET 200'
    ])
  })

  const [signature, hash, verifier] =
    kind === 'dsse'
      ? ['spec.signatures.0.signature', 'spec.payloadHash', 'spec.signatures.0.verifier']
      : ['spec.signature.content', 'spec.data.hash', 'spec.signature.publicKey.content']

  it.each<[string, string, unknown]>([
    ['of another kind', 'kind', 'intoto'],
    ['of another version', 'apiVersion', '0.0.2'],
    ['with another signature', signature, Buffer.from('other').toString('base64')],
    ['with another digest', `${hash}.value`, '0'.repeat(64)],
    ['with another algorithm', `${hash}.algorithm`, 'sha512'],
    ['with a bare key', verifier, Buffer.from(key.publicKeyPem).toString('base64')],
    ['without a key', verifier, undefined],
    ['with nothing in it', 'spec', {}]
  ])('%s is not ours', async (_, path, value) => {
    await expect(log(inBody(path, value), propose())).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining('not the one that was sent')
    })
  })
})

describe('an entry of dsse', () => {
  it('with a second signature is not ours', async () => {
    const twice = inBody('spec.signatures.1', { signature: 'b3RoZXI=' })
    await expect(log(twice, proposals.dsse())).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID'
    })
  })
})

describe('an answer', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const proof = 'verification.inclusionProof'

  it.each<[string, string, unknown]>([
    ['body', 'body', undefined],
    ['body', 'body', '%%%'],
    ['a body in JSON', 'body', base64('x')],
    ['a body in JSON', 'body', base64('{}')],
    ['kind', 'body', base64('{"spec":{}}')],
    ['apiVersion', 'body', base64('{"kind":"dsse","spec":{}}')],
    ['logIndex', 'logIndex', -1],
    ['logIndex', 'logIndex', '1'],
    ['logIndex', 'logIndex', 2 ** 60],
    ['logID', 'logID', 'abc'],
    ['integratedTime', 'integratedTime', undefined],
    ['an inclusion proof', 'verification', undefined],
    ['an inclusion proof', proof, undefined],
    ['signedEntryTimestamp', 'verification.signedEntryTimestamp', undefined],
    ['inclusionProof.logIndex', `${proof}.logIndex`, 0.5],
    ['inclusionProof.treeSize', `${proof}.treeSize`, undefined],
    ['inclusionProof.rootHash', `${proof}.rootHash`, ''],
    ['inclusionProof.hashes', `${proof}.hashes`, null],
    ['a hash of the proof', `${proof}.hashes`, [1]],
    ['inclusionProof.checkpoint', `${proof}.checkpoint`, '']
  ])('that lacks %s is refused', async (what, path, value) => {
    await expect(log(changed(path, value))).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining(`lacks ${what}.`)
    })
  })

  it.each<[string, (json: Json) => unknown]>([
    ['no entry', () => ({})],
    ['two entries', json => ({ ...json, more: entryOf(json) })]
  ])('with %s is refused', async (_, change) => {
    await expect(log(client(response => withJson(response, change)))).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining('exactly one entry')
    })
  })
})

describe('a conflict', () => {
  const UUID = 'a'.repeat(80)
  const conflict = (location?: string): HttpResponse => ({
    status: 409,
    headers: location === undefined ? {} : { location },
    body: Buffer.alloc(0)
  })

  it.each([
    undefined,
    '',
    '/api/v1/log/entries/',
    '/api/v1/log/entries/../../../secret',
    `/api/v1/log/entries/${UUID}?x`,
    `/api/v1/log/entries/${'a'.repeat(72)}`
  ])('that names no entry is refused: %s', async location => {
    await expect(log(client(() => conflict(location)))).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining('but not where')
    })
  })

  it('does not lead to another host', async () => {
    const asked: unknown[] = []
    const http: Http = {
      request: ({ method, url, notYet }) => {
        asked.push({ method, url, notYet })
        return Promise.resolve(conflict(`https://evil.example/api/v1/log/entries/${UUID}`))
      }
    }
    await expect(log(http)).rejects.toThrow()
    const base = instance.services.rekor?.url ?? ''
    // the log may know an entry before it can prove it, and says 404 meanwhile
    expect(asked).toEqual([
      { method: 'POST', url: `${base}/api/v1/log/entries` },
      { method: 'GET', url: `${base}/api/v1/log/entries/${UUID}`, notYet: [404] }
    ])
  })

  it('with an entry of somebody else is refused', async () => {
    let first: HttpResponse | undefined
    await log(client(response => (first ??= response)))
    const uuid = Object.keys(JSON.parse(first?.body.toString() ?? '') as Json)[0] ?? ''
    const http = client((response, { method }) =>
      method === 'POST' ? conflict(`/api/v1/log/entries/${uuid}`) : response
    )
    await expect(log(http)).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining('not the one that was sent')
    })
  })
})
