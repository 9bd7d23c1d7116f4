import type { Bundle } from '@sigstore/bundle'

import { isObject } from '../json.ts'
import { unreadable, type Json } from './json.ts'

export type LogEntry = Bundle['verificationMaterial']['tlogEntries'][number]
export type EntryBody = { kind: string; apiVersion: string; spec: Json }

/**
 * Reads Rekor v1's answer, `{UUID: entry}`, as an entry of a bundle: with its promise (SET) and its
 * proof, since a bundle v0.3 needs both to show a time and an inclusion. Error: SERVICE_ANSWER_INVALID.
 */
export function parseEntry(answer: Json): { entry: LogEntry; body: EntryBody } {
  const [only, ...more] = Object.values(answer)
  if (!isObject(only) || more.length > 0) throw missing('exactly one entry')
  const verification = only.verification
  const proof = isObject(verification) ? verification.inclusionProof : undefined
  if (!isObject(verification) || !isObject(proof)) throw missing('an inclusion proof')

  const canonicalizedBody = base64(only.body, 'body')
  const body = parseBody(canonicalizedBody)
  const entry: LogEntry = {
    logIndex: integer(only.logIndex, 'logIndex'),
    logId: { keyId: hash(only.logID, 'logID') },
    kindVersion: { kind: body.kind, version: body.apiVersion },
    integratedTime: integer(only.integratedTime, 'integratedTime'),
    inclusionPromise: {
      signedEntryTimestamp: base64(verification.signedEntryTimestamp, 'signedEntryTimestamp')
    },
    inclusionProof: {
      logIndex: integer(proof.logIndex, 'inclusionProof.logIndex'),
      treeSize: integer(proof.treeSize, 'inclusionProof.treeSize'),
      rootHash: hash(proof.rootHash, 'inclusionProof.rootHash'),
      hashes: list(proof.hashes, 'inclusionProof.hashes').map(each =>
        hash(each, 'a hash of the proof')
      ),
      checkpoint: { envelope: text(proof.checkpoint, 'inclusionProof.checkpoint') }
    },
    canonicalizedBody
  }
  return { entry, body }
}

function parseBody(bytes: Buffer): EntryBody {
  const body = parseJson(bytes)
  if (!isObject(body) || !isObject(body.spec)) throw missing('a body in JSON')
  return {
    kind: text(body.kind, 'kind'),
    apiVersion: text(body.apiVersion, 'apiVersion'),
    spec: body.spec
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

/** A string that is not empty. Error: SERVICE_ANSWER_INVALID, as of all below. */
export function text(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw missing(what)
  return value
}

export function base64(value: unknown, what: string): Buffer {
  const encoded = text(value, what)
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) throw missing(what)
  return bytes
}

function hash(value: unknown, what: string): Buffer {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw missing(what)
  return Buffer.from(value, 'hex')
}

function integer(value: unknown, what: string): string {
  if (!Number.isSafeInteger(value) || Number(value) < 0) throw missing(what)
  return String(value)
}

export function list(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw missing(what)
  return value
}

export function missing(what: string): Error {
  return unreadable('Rekor', `the entry lacks ${what}`)
}
