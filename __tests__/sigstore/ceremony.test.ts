import { createPublicKey, generateKeyPairSync } from 'node:crypto'

import { describe, expect, it } from '@jest/globals'

import * as x509 from '../../sandbox/certificate.ts'
import type { Http } from '../../src/http.ts'
import { openCeremony } from '../../src/sigstore/ceremony.ts'
import type { SessionOptions } from '../../src/sigstore/session.ts'
import { fakeLog, fakeTime } from '../http/loopback.ts'

const MINUTE = 60_000

/** A certificate authority whose certificates last so long. */
function authority(life: number): Http {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    request: ({ body }) => {
      const { publicKeyRequest } = JSON.parse(String(body)) as {
        publicKeyRequest: { publicKey: { content: string } }
      }
      const notBefore = new Date('2026-01-01T00:00:00Z')
      const fields = {
        issuer: x509.name('test', 'authority'),
        subject: x509.name('test', 'subject'),
        notBefore,
        notAfter: new Date(notBefore.getTime() + life),
        publicKey: createPublicKey(publicKeyRequest.publicKey.content),
        serial: x509.newSerial(),
        extensions: [x509.usage.digitalSignature]
      }
      const certificates = [x509.pem(x509.certify(fields, privateKey))]
      const answer = { signedCertificateEmbeddedSct: { chain: { certificates } } }
      return Promise.resolve({
        status: 200,
        headers: {},
        body: Buffer.from(JSON.stringify(answer))
      })
    }
  }
}

describe('openCeremony', () => {
  it.each([
    [10, 8],
    [5, 4],
    [60, 8]
  ])('uses a certificate of %d minutes for %d', async (life, use) => {
    const url = 'https://fulcio.example'
    const identity = { raw: 'a.b.c', subject: 's', issuer: 'i', claims: {} }
    const times = { issuedAt: new Date(0), expiresAt: new Date(5 * MINUTE) }
    const service = { url, majorApiVersion: 1 }
    const options: SessionOptions = {
      services: { fulcio: service, timestampAuthorities: [service] },
      identity: () => Promise.resolve({ ...identity, ...times }),
      http: authority(life * MINUTE),
      log: fakeLog()
    }
    const time = fakeTime()
    time.pass(1000)
    const { expires } = await openCeremony(options, time)
    expect(expires).toBe(1000 + use * MINUTE)
  })
})
