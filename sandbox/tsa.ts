import { randomBytes } from 'node:crypto'
import { type Authority, createTimestampAuthority } from './authority.ts'
import { pem } from './certificate.ts'
import * as der from './der.ts'
import type { Fault, Faults } from './faults.ts'
import { Refusal } from './server.ts'
import { type TimestampRequest, parseTimestampRequest, timestamp } from './timestamp.ts'
import type { Handler } from './transport.ts'

/** The request as somebody else would have made it. */
function otherRequest(request: TimestampRequest, part: Fault['part']): TimestampRequest {
  if (part === 'authority') return request
  if (part === 'nonce') {
    return { ...request, nonce: der.integer(BigInt(`0x${randomBytes(8).toString('hex')}`)) }
  }
  const imprint = Buffer.from(request.imprint)
  // The last octets of an imprint are the digest's.
  randomBytes(16).copy(imprint, imprint.length - 16)
  return { ...request, imprint }
}

/** sigstore's timestamp authority: RFC 3161 over HTTP. */
export function tsaHandler(authority: Authority, faults: Faults): Handler {
  return request => {
    if (request.method === 'GET' && request.path === '/api/v1/timestamp/certchain') {
      const headers = { 'content-type': 'application/pem-certificate-chain' }
      return { status: 200, headers, body: authority.chain.map(pem).join('') }
    }
    if (request.method !== 'POST' || request.path !== '/api/v1/timestamp') {
      throw new Refusal(404, 'not found')
    }
    const asked = parseTimestampRequest(request.body)
    const wrong = faults.take('tsa', 'wrong-timestamp')
    const granted = wrong === undefined ? asked : otherRequest(asked, wrong.part)
    const signer = wrong?.part === 'authority' ? createTimestampAuthority() : authority
    return {
      status: 201,
      headers: { 'content-type': 'application/timestamp-reply' },
      body: timestamp(signer, granted, faults.now('tsa'))
    }
  }
}
