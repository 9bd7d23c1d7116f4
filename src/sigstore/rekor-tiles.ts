import { json } from '@sigstore/core'

import { KeylessError } from '../errors.ts'
import type { Http } from '../http.ts'
import { place } from '../http/words.ts'
import type { LogEntry } from './entry.ts'
import { readObject, unreadable } from './json.ts'
import { parseTileEntry } from './tile-entry.ts'

const SERVICE = 'Rekor'
/** The answer waits for the next checkpoint: 20 s at least, says rekor-tiles' CLIENTS.md. */
const ATTEMPT_TIMEOUT = 60_000
const CREATED = 201
const FROZEN = 405
const CONFLICT = 409
const CANCELLED = 499

const KIND = 'hashedrekord'
const VERSION = '0.0.2'

/** A signature over a SHA-256, by the P-256 key of a certificate. */
export type SignedDigest = { sha256: Uint8Array; signature: Buffer; certificate: Buffer }

/**
 * Puts a signature into a Rekor v2 log (tiles), as `hashedrekord` 0.0.2, the only kind it takes, and
 * waits for its proof. The entry must be, byte for byte, the one that everybody who verifies the bundle
 * makes anew from it (rekor-v2-spec §6.1.4). Whether the proof is true is for the verification of the
 * bundle.
 *
 * Errors: REKOR_CONFLICT, after which only a new signature can be logged: an earlier attempt got
 * through although its answer did not, and the log has no way to ask for an entry's proof.
 * REKOR_FROZEN, SERVICE_ANSWER_INVALID, those of Http.
 *
 * @param expires when the entry stops being worth having (Http's `expires`)
 */
export async function logSignature(
  http: Http,
  url: string,
  signed: SignedDigest,
  expires: number
): Promise<LogEntry> {
  const digest = Buffer.from(signed.sha256).toString('base64')
  const signature = {
    content: signed.signature.toString('base64'),
    verifier: {
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      x509Certificate: { rawBytes: signed.certificate.toString('base64') }
    }
  }
  const response = await http.request({
    service: SERVICE,
    method: 'POST',
    url: `${url.replace(/\/$/, '')}/api/v2/log/entries`,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: Buffer.from(JSON.stringify({ hashedRekordRequestV002: { digest, signature } })),
    attemptTimeout: ATTEMPT_TIMEOUT,
    accept: [CREATED, FROZEN, CONFLICT],
    // the log was stopped while it worked on the entry
    notYet: [CANCELLED],
    expires
  })
  if (response.status === FROZEN) {
    throw new KeylessError(
      'REKOR_FROZEN',
      `Rekor (${place(new URL(url))}) takes no more entries (405), since this log was closed in favour of a newer ` +
        'one; give a signing config that names the newer one, as your instance publishes it now.'
    )
  }
  if (response.status === CONFLICT) {
    throw new KeylessError(
      'REKOR_CONFLICT',
      `Rekor (${place(new URL(url))}) says again and again that it has each new entry already (409), and such an ` +
        'answer holds no proof; it is at fault, or whatever stands before it. Run again later.'
    )
  }
  const entry = parseTileEntry(readObject(response, SERVICE))
  const spec = { hashedRekordV002: { data: { algorithm: 'SHA2_256', digest }, signature } }
  const body = json.canonicalize({ apiVersion: VERSION, kind: KIND, spec })
  if (
    entry.kindVersion.kind !== KIND ||
    entry.kindVersion.version !== VERSION ||
    !entry.canonicalizedBody.equals(Buffer.from(body))
  ) {
    throw unreadable(SERVICE, 'the entry is not the one that was sent')
  }
  return entry
}
