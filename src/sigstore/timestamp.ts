import { createHash, randomBytes } from 'node:crypto'

import { RFC3161Timestamp } from '@sigstore/core'

import type { Http } from '../http.ts'
import * as asn1 from './der.ts'
import { unreadable } from './json.ts'

const SERVICE = 'The timestamp authority'
const ATTEMPT_TIMEOUT = 15_000
/** 2.16.840.1.101.3.4.2.1, encoded */
const SHA256 = Buffer.from('608648016503040201', 'hex')

/**
 * Gets a timestamp over a signature (RFC 3161 §2.4): SHA-256, with a nonce, the authority's certificates
 * included. The answer must have been granted, for this imprint, with this nonce. Whether it is signed by an
 * authority to trust is for the verification of the bundle.
 * Errors: SERVICE_ANSWER_INVALID, those of Http.
 *
 * @param url the whole URL, as signing configs have it
 * @param expires when the timestamp stops being worth having (Http's `expires`)
 * @returns the TimeStampResp, as bundles hold it
 */
export async function requestTimestamp(
  http: Http,
  url: string,
  signature: Uint8Array,
  expires: number
): Promise<Buffer> {
  const imprint = createHash('sha256').update(signature).digest()
  // positive, and without a leading zero byte, so that it is DER as it stands
  const nonce = randomBytes(8)
  nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40
  const response = await http.request({
    service: SERVICE,
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/timestamp-query',
      accept: 'application/timestamp-reply'
    },
    body: asn1.der(
      asn1.SEQUENCE,
      asn1.der(asn1.INTEGER, Buffer.of(1)),
      asn1.der(
        asn1.SEQUENCE,
        asn1.der(asn1.SEQUENCE, asn1.der(asn1.OBJECT_IDENTIFIER, SHA256), asn1.der(asn1.NULL)),
        asn1.der(asn1.OCTET_STRING, imprint)
      ),
      asn1.der(asn1.INTEGER, nonce),
      asn1.der(asn1.BOOLEAN, Buffer.of(0xff))
    ),
    attemptTimeout: ATTEMPT_TIMEOUT,
    accept: [200, 201],
    expires
  })
  const stamp = parse(response.body)
  // granted, granted with modifications (RFC 3161 §2.4.2)
  if (stamp.status !== 0n && stamp.status !== 1n) {
    throw unreadable(SERVICE, `it granted no timestamp (status ${stamp.status})`)
  }
  if (stamp.algorithm !== 'sha256' || !stamp.imprint?.equals(imprint)) {
    throw unreadable(SERVICE, 'the timestamp is for another signature')
  }
  if (!stamp.nonce?.equals(nonce)) {
    throw unreadable(SERVICE, 'the timestamp answers another request (nonce)')
  }
  return response.body
}

type Stamp = { status: bigint; algorithm?: string; imprint?: Buffer; nonce?: Buffer }

function parse(body: Buffer): Stamp {
  try {
    const response = RFC3161Timestamp.parse(Buffer.from(body))
    const { status } = response
    // a refusal has no token to read
    if (status > 1n) return { status }
    const info = response.tstInfo
    // after the five fields that are always there only the nonce is an INTEGER
    const nonce = info.root.subs.slice(5).find(field => field.tag.isInteger())
    return {
      status,
      algorithm: info.messageImprintHashAlgorithm,
      imprint: info.messageImprintHashedMessage,
      ...(nonce !== undefined && { nonce: nonce.value })
    }
  } catch {
    throw unreadable(SERVICE, 'it is not a timestamp response')
  }
}
