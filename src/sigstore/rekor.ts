import { X509Certificate } from 'node:crypto'

import { envelopeToJSON, type BundleWithDsseEnvelope } from '@sigstore/bundle'
import { pem } from '@sigstore/core'

import { KeylessError } from '../errors.ts'
import type { Http, HttpRequest, HttpResponse } from '../http.ts'
import { place } from '../http/words.ts'
import { parseEntry, type LogEntry } from './entry.ts'
import { isObject } from '../json.ts'
import { readObject, unreadable, type Json } from './json.ts'

const SERVICE = 'Rekor'
const ATTEMPT_TIMEOUT = 30_000
const CREATED = 201
const CONFLICT = 409
const TOO_LARGE = 413

/** An entry as Rekor v1 is asked for it, and how to know it again in what the log made of it. */
export type Proposal = {
  kind: string
  apiVersion: string
  spec: Json
  isMine: (spec: Json) => boolean
}

/** `hashedrekord` 0.0.1: a signature over a digest, by the key of a certificate. */
export function hashedRekord(o: {
  sha256: Uint8Array
  signature: Buffer
  certificate: Buffer
}): Proposal {
  const value = Buffer.from(o.sha256).toString('hex')
  const content = o.signature.toString('base64')
  return {
    kind: 'hashedrekord',
    apiVersion: '0.0.1',
    spec: {
      data: { hash: { algorithm: 'sha256', value } },
      signature: { content, publicKey: { content: verifier(o.certificate) } }
    },
    isMine: ({ data, signature }) =>
      isObject(data) &&
      isObject(data.hash) &&
      data.hash.algorithm === 'sha256' &&
      data.hash.value === value &&
      isObject(signature) &&
      signature.content === content &&
      isObject(signature.publicKey) &&
      isCertificate(signature.publicKey.content, o.certificate)
  }
}

/** `dsse` 0.0.1: an envelope with one signature, by the key of a certificate. */
export function dsse(o: {
  envelope: BundleWithDsseEnvelope['content']['dsseEnvelope']
  payloadSha256: Uint8Array
  signature: Buffer
  certificate: Buffer
}): Proposal {
  const value = Buffer.from(o.payloadSha256).toString('hex')
  const signature = o.signature.toString('base64')
  return {
    kind: 'dsse',
    apiVersion: '0.0.1',
    spec: {
      proposedContent: {
        envelope: JSON.stringify(envelopeToJSON(o.envelope)),
        verifiers: [verifier(o.certificate)]
      }
    },
    isMine: ({ payloadHash, signatures }) => {
      const only: unknown =
        Array.isArray(signatures) && signatures.length === 1 ? signatures[0] : null
      return (
        isObject(payloadHash) &&
        payloadHash.algorithm === 'sha256' &&
        payloadHash.value === value &&
        isObject(only) &&
        only.signature === signature &&
        isCertificate(only.verifier, o.certificate)
      )
    }
  }
}

/**
 * Puts an entry into a Rekor v1 log and waits for its proof. 409 means that an earlier attempt
 * got through although its answer did not: the entry is fetched from where Location says, and checked
 * to be ours. Whether promise and proof are true is for the verification of the bundle.
 * Errors: LOG_ENTRY_TOO_LARGE, SERVICE_ANSWER_INVALID, those of Http.
 *
 * @param expires when the entry stops being worth having (Http's `expires`)
 */
export async function logEntry(
  http: Http,
  url: string,
  { isMine, ...proposal }: Proposal,
  expires: number
): Promise<LogEntry> {
  const entries = `${url.replace(/\/$/, '')}/api/v1/log/entries`
  const common = {
    service: SERVICE,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    attemptTimeout: ATTEMPT_TIMEOUT,
    expires
  }
  const request = Buffer.from(JSON.stringify(proposal))
  const created = await http.request({
    ...common,
    method: 'POST',
    url: entries,
    body: request,
    accept: [CREATED, CONFLICT],
    isAnswer: isTooLarge
  })
  if (isTooLarge(created)) throw tooLarge(url, request.length)
  const answer =
    created.status === CONFLICT ? await existing(http, entries, created, common) : created
  const { entry, body } = parseEntry(readObject(answer, SERVICE))
  if (
    body.kind !== proposal.kind ||
    body.apiVersion !== proposal.apiVersion ||
    !isMine(body.spec)
  ) {
    throw unreadable(SERVICE, 'the entry is not the one that was sent')
  }
  return entry
}

/**
 * 413 from what stands before Rekor, and from Rekor after 1.5.1; until then its own limit
 * (`max_request_body_size`) shows in the words of a 400 or 500 (its pull request 2841).
 */
function isTooLarge({ status, body }: HttpResponse): boolean {
  return status === TOO_LARGE || (status >= 400 && body.includes('http: request body too large'))
}

function tooLarge(url: string, bytes: number): KeylessError {
  return new KeylessError(
    'LOG_ENTRY_TOO_LARGE',
    `Rekor (${place(new URL(url))}) does not take a statement as large as this one (${(bytes / 1e6).toFixed(1)} MB when sent), which lists too many files; give a signing-config of an instance with Rekor v2, which is sent the statement's digest alone, or sign fewer files.`
  )
}

async function existing(
  http: Http,
  entries: string,
  { headers }: HttpResponse,
  common: Pick<HttpRequest, 'service' | 'headers' | 'attemptTimeout' | 'expires'>
): Promise<HttpResponse> {
  // Only the entry's name is taken, so that the log cannot send us elsewhere: 64 hex digits, and 16
  // more before them where the log has shards.
  const uuid = /\/api\/v1\/log\/entries\/([0-9a-f]{64}|[0-9a-f]{80})$/.exec(headers.location ?? '')
  if (uuid?.[1] === undefined) {
    throw unreadable(SERVICE, 'it says that the entry exists (409), but not where')
  }
  return http.request({
    ...common,
    method: 'GET',
    url: `${entries}/${uuid[1]}`,
    accept: [200],
    // the log knows an entry before it can prove it
    notYet: [404]
  })
}

function verifier(certificate: Buffer): string {
  return Buffer.from(pem.fromDER(certificate)).toString('base64')
}

function isCertificate(content: unknown, certificate: Buffer): boolean {
  if (typeof content !== 'string') return false
  try {
    return new X509Certificate(Buffer.from(content, 'base64')).raw.equals(certificate)
  } catch {
    return false
  }
}
