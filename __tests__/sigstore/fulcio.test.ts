import { X509Certificate } from 'node:crypto'
import { inspect } from 'node:util'

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'

import type { Http } from '../../src/http.ts'
import { requestCertificate, type Certificate } from '../../src/sigstore/fulcio.ts'
import { generateKey } from '../../src/sigstore/key.ts'
import { client, startInstance, withJson, type Instance, type Json } from './instance.ts'

let instance: Instance
beforeAll(async () => {
  instance = await startInstance()
})
afterEach(() => instance.sandbox.clearFaults())
afterAll(() => instance.stop())

const key = generateKey()

async function request(
  http: Http = client(),
  url = instance.services.fulcio.url
): Promise<Certificate> {
  return requestCertificate(http, url, await instance.identity(), key)
}

describe('requestCertificate', () => {
  it('gets the leaf for our key, and its lifetime', async () => {
    const { der, notBefore, notAfter } = await request()
    const certificate = new X509Certificate(der)
    expect(certificate.publicKey.export({ type: 'spki', format: 'der' })).toEqual(key.publicKeyDer)
    expect([notBefore, notAfter]).toEqual([certificate.validFromDate, certificate.validToDate])
    expect(notAfter.getTime() - notBefore.getTime()).toBe(600_000)
  })

  it('takes the URL of a service with a slash at its end', async () => {
    await expect(request(client(), `${instance.services.fulcio.url}/`)).resolves.toBeDefined()
  })

  it('takes a certificate that comes with its SCT apart', async () => {
    const detached = client(response =>
      withJson(response, json => ({
        signedCertificateDetachedSct: json.signedCertificateEmbeddedSct
      }))
    )
    await expect(request(detached)).resolves.toBeDefined()
  })

  it('refuses a certificate for another key', async () => {
    await instance.sandbox.fault({ service: 'fulcio', kind: 'wrong-certificate' })
    await expect(request()).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining('another key')
    })
  })

  it('refuses a proof of possession made with another key', async () => {
    const other = { ...generateKey(), publicKeyPem: key.publicKeyPem }
    await expect(
      requestCertificate(client(), instance.services.fulcio.url, await instance.identity(), other)
    ).rejects.toMatchObject({ code: 'FULCIO_REFUSED_TOKEN' })
  })

  it.each<[string, (json: Json) => unknown, string]>([
    ['nothing', () => ({}), 'holds no certificate'],
    ['a list', () => [], 'not a JSON object'],
    ['no chain', () => ({ signedCertificateEmbeddedSct: {} }), 'holds no certificate'],
    [
      'an empty chain',
      () => ({ signedCertificateEmbeddedSct: { chain: { certificates: [] } } }),
      'holds no certificate'
    ],
    [
      'junk for a certificate',
      () => ({ signedCertificateEmbeddedSct: { chain: { certificates: ['junk'] } } }),
      'cannot be parsed'
    ]
  ])('refuses an answer with %s', async (_, change, words) => {
    await expect(request(client(response => withJson(response, change)))).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining(words)
    })
  })

  it('says in its own words that the token was refused', async () => {
    await instance.sandbox.fault({ service: 'fulcio', kind: 'status', status: 400 })
    await expect(request()).rejects.toMatchObject({
      code: 'FULCIO_REFUSED_TOKEN',
      message: expect.stringMatching(
        /refused the token with 400: "sandbox fault".*audience "sigstore"/
      )
    })
  })

  it.each<[string, object, string]>([
    ['echo-token', {}, 'FULCIO_REFUSED_TOKEN'],
    ['echo-token', { status: 403 }, 'SERVICE_REFUSED'],
    ['status', { status: 500, times: 1 }, ''],
    ['status', { status: 401 }, 'SERVICE_REFUSED'],
    ['reset', { times: 1 }, ''],
    ['unreachable', { times: 1 }, ''],
    ['garbage', {}, 'SERVICE_ANSWER_INVALID'],
    ['huge', {}, 'SERVICE_ANSWER_INVALID'],
    ['redirect', {}, 'SERVICE_REDIRECTED'],
    ['redirect', { status: 308 }, 'SERVICE_REDIRECTED']
  ])('shows no token under %s %j', async (kind, more, code) => {
    await instance.sandbox.fault({ service: 'fulcio', kind: kind as 'status', ...more })
    const outcome = await request().catch((error: unknown) => error as Error & { code: string })
    expect('code' in outcome ? outcome.code : '').toBe(code)
    const shown = inspect(outcome, { depth: Infinity })
    for (const secret of await instance.sandbox.secrets()) {
      for (const part of secret.split('.')) expect(shown).not.toContain(part.slice(0, 24))
    }
  })
})
