import { X509Certificate } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { RFC3161Timestamp } from '@sigstore/core'
import { type Fault, type Sandbox, startSandbox } from '../../sandbox/client.ts'
import { integer, octets, oid, sequence } from '../../sandbox/der.ts'
import { IMPRINTS, requestTimestamp, stamp, timestampRequest } from './signer.ts'

const DATA = Buffer.from('a signature')

let sandbox: Sandbox
let chain: X509Certificate[]
beforeAll(async () => {
  sandbox = await startSandbox()
  const response = await fetch(`${sandbox.urls.tsa}/api/v1/timestamp/certchain`)
  const pems = (await response.text()).match(/-----BEGIN[^]+?-----END CERTIFICATE-----/g) ?? []
  chain = pems.map(pem => new X509Certificate(pem))
})
afterEach(async () => sandbox.clearFaults())
afterAll(async () => sandbox.stop())

const verified = (response: Buffer<ArrayBuffer>, data = DATA): boolean => {
  const [certificate] = chain
  if (certificate === undefined) throw new Error('no chain')
  try {
    RFC3161Timestamp.parse(response).verify(data, certificate.publicKey)
    return true
  } catch {
    return false
  }
}

/** The nonce of TSTInfo: the element after the accuracy. */
const nonceOf = (response: Buffer<ArrayBuffer>): bigint | undefined => {
  const { root } = RFC3161Timestamp.parse(response).tstInfo
  return root.subs.at(-1)?.toInteger()
}

describe('the timestamp authority', () => {
  it('has a root of its own and a certificate for timestamps only', () => {
    const [certificate, root] = chain
    expect(root && certificate?.verify(root.publicKey)).toBe(true)
    expect(certificate?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.8'])
  })

  it.each(['sha256', 'sha384', 'sha512'] as const)('stamps %s digests', async hash => {
    const answer = await requestTimestamp(sandbox, timestampRequest(DATA, hash))
    const response = Buffer.from(await answer.arrayBuffer())
    expect(answer.status).toBe(201)
    expect(verified(response)).toBe(true)
    expect(verified(response, Buffer.from('another'))).toBe(false)
  })

  it('repeats the nonce, and keeps whole seconds', async () => {
    const nonce = 0xfedcba9876543210n
    const answer = await requestTimestamp(sandbox, timestampRequest(DATA, 'sha256', nonce))
    const response = Buffer.from(await answer.arrayBuffer())
    expect(nonceOf(response)).toBe(nonce)
    expect(RFC3161Timestamp.parse(response).signingTime.getMilliseconds()).toBe(0)
  })

  it('gives every timestamp its own serial number', async () => {
    const serials = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const { root } = RFC3161Timestamp.parse(await stamp(sandbox, DATA)).tstInfo
        return root.subs[3]?.value.toString('hex')
      })
    )
    expect(new Set(serials).size).toBe(5)
  })

  it('refuses SHA-1, and what is no request', async () => {
    const sha256 = sequence(oid(IMPRINTS.sha256))
    const refused = [
      timestampRequest(DATA, 'sha1'),
      sequence(integer(1), sequence(sha256, octets(Buffer.alloc(20)))),
      sequence(integer(1), sequence()),
      sequence(integer(1)),
      Buffer.from('no'),
      Buffer.alloc(0)
    ]
    for (const request of refused) {
      expect((await requestTimestamp(sandbox, request)).status).toBe(400)
    }
  })

  it.each<Fault['part']>(['imprint', 'authority'])(
    'gets the %s wrong, when told to',
    async part => {
      await sandbox.fault({
        service: 'tsa',
        kind: 'wrong-timestamp',
        ...(part && { part }),
        times: 1
      })
      expect(verified(await stamp(sandbox, DATA))).toBe(false)
      expect(verified(await stamp(sandbox, DATA))).toBe(true)
    }
  )

  it('gets the nonce wrong, when told to', async () => {
    await sandbox.fault({ service: 'tsa', kind: 'wrong-timestamp', part: 'nonce' })
    const answer = await requestTimestamp(sandbox, timestampRequest(DATA, 'sha256', 5n))
    const response = Buffer.from(await answer.arrayBuffer())
    expect(verified(response)).toBe(true)
    expect(nonceOf(response)).not.toBe(5n)
  })

  it('shifts its clock', async () => {
    await sandbox.fault({ service: 'tsa', kind: 'clock', seconds: 7200 })
    const { signingTime } = RFC3161Timestamp.parse(await stamp(sandbox, DATA))
    expect(Math.abs(signingTime.getTime() / 1000 - 7200 - Date.now() / 1000)).toBeLessThan(60)
  })
})
