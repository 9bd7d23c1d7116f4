import { createHash } from 'node:crypto'

import { RFC3161Timestamp } from '@sigstore/core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'

import type { Http, HttpRequest } from '../../src/http.ts'
import { requestTimestamp } from '../../src/sigstore/timestamp.ts'
import { client, startInstance, type Instance } from './instance.ts'

let instance: Instance
beforeAll(async () => {
  instance = await startInstance()
})
afterEach(() => instance.sandbox.clearFaults())
afterAll(() => instance.stop())

const signature = Buffer.from('a signature')

function request(http: Http = client()): Promise<Buffer> {
  const [authority] = instance.services.timestampAuthorities
  return requestTimestamp(http, authority.url, signature, Infinity)
}

const answered = (body: Buffer): Http => client(response => ({ ...response, body }))

describe('requestTimestamp', () => {
  it('gets a time over the signature', async () => {
    const stamp = RFC3161Timestamp.parse(Buffer.from(await request()))
    const imprint = createHash('sha256').update(signature).digest()
    expect(stamp.tstInfo.messageImprintHashedMessage).toEqual(imprint)
    expect(Math.abs(stamp.signingTime.getTime() - Date.now())).toBeLessThan(10_000)
  })

  it('asks in DER, with another nonce each time, for the certificates too', async () => {
    const asked: HttpRequest[] = []
    for (let i = 0; i < 2; i++) {
      await request(
        client((response, request) => {
          asked.push(request)
          return response
        })
      )
    }
    const [one, two] = asked.map(({ body }) => Buffer.from(body ?? []).toString('hex'))
    const imprint = createHash('sha256').update(signature).digest('hex')
    const form = new RegExp(
      `^3043020101` +
        `3031300d06096086480165030402010500` +
        `0420${imprint}` +
        `0208([4-7][0-9a-f]{15})` +
        `0101ff$`
    )
    const nonces = [one, two].map(hex => form.exec(hex ?? '')?.[1])
    expect(nonces[0]).toBeDefined()
    expect(nonces[1]).toBeDefined()
    expect(nonces[0]).not.toBe(nonces[1])
  })

  it.each([
    ['imprint', 'another signature'],
    ['nonce', 'another request']
  ] as const)('refuses the wrong %s', async (part, words) => {
    await instance.sandbox.fault({ service: 'tsa', kind: 'wrong-timestamp', part })
    await expect(request()).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining(words)
    })
  })

  it('refuses an imprint by another algorithm', async () => {
    const sha512 = client(response => {
      const hex = response.body.toString('hex')
      const body = Buffer.from(
        hex.replace(/(0609608648016503040201)(05000420)/, '0609608648016503040203$2'),
        'hex'
      )
      expect(body.equals(response.body)).toBe(false)
      return { ...response, body }
    })
    await expect(request(sha512)).rejects.toThrow('another signature')
  })

  it('refuses a timestamp without nonce', async () => {
    const bare = client(response => {
      const hex = response.body.toString('hex')
      // the nonce, 8 bytes, becomes an unnamed BOOLEAN of as many: not the INTEGER that is looked for
      const body = Buffer.from(hex.replace(/0208([4-7][0-9a-f]{15})/, '0108$1'), 'hex')
      expect(body.equals(response.body)).toBe(false)
      return { ...response, body }
    })
    await expect(request(bare)).rejects.toThrow('another request')
  })

  it.each([2, 3, 4, 5])('refuses status %d, which grants nothing', async status => {
    await expect(
      request(answered(Buffer.of(0x30, 5, 0x30, 3, 2, 1, status)))
    ).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining(`(status ${status})`)
    })
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('<html>')],
    ['a grant without timestamp', Buffer.of(0x30, 5, 0x30, 3, 2, 1, 0)],
    ['an empty sequence', Buffer.of(0x30, 0)]
  ])('refuses %s', async (_, body) => {
    await expect(request(answered(body))).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining('not a timestamp response')
    })
  })

  it('refuses bytes after the response', async () => {
    const more = client(response => ({
      ...response,
      body: Buffer.concat([response.body, Buffer.of(0)])
    }))
    await expect(request(more)).rejects.toMatchObject({ code: 'SERVICE_ANSWER_INVALID' })
  })
})
