import { KeylessError, type Code } from '../errors.ts'
import type { TransparencyLogEntry } from '@sigstore/bundle'
import { isObject } from '../json.ts'
import { parseJsonBytes } from './json.ts'
import { readPem } from './pem.ts'
import { quote } from './quote.ts'

/** What a bundle says was signed by whom, to be found again in what the log recorded. */
export type Recorded = {
  content: 'messageSignature' | 'dsseEnvelope'
  signature: Buffer
  /** The message's digest; of an envelope that of its payload and that of its PAE. */
  digests: Record<'message' | 'payload' | 'pae', { algorithm: string; value: Buffer } | undefined>
  /** DER of the certificate, or SubjectPublicKeyInfo of the key that the verifier asked for. */
  verifier: { certificate: Buffer } | { key: Buffer }
}

/** Rekor's generation: v1 signs entry timestamps, v2 has tiles and leaves time to others. */
export type LogVersion = 'v1' | 'v2'

type Kind = {
  version: LogVersion
  signs: Recorded['content'][]
  digestOf: (content: Recorded['content']) => keyof Recorded['digests']
  signature: string[]
  algorithm: string[]
  digest: { at: string[]; encoding: 'hex' | 'base64' }
  verifier: string[]
}

const dsse = { signs: ['dsseEnvelope' as const], digestOf: () => 'payload' as const }

// https://github.com/sigstore/rekor/tree/main/pkg/types and the entries of rekor-tiles. That a
// list has exactly one element is for @sigstore/verify to check.
const KINDS: Readonly<Record<string, Kind>> = {
  // Not for envelopes: nothing in a v1 entry tells a signed PAE from a file that looks like one.
  'hashedrekord 0.0.1': {
    version: 'v1',
    signs: ['messageSignature'],
    digestOf: () => 'message',
    signature: ['signature', 'content'],
    algorithm: ['data', 'hash', 'algorithm'],
    digest: { at: ['data', 'hash', 'value'], encoding: 'hex' },
    verifier: ['signature', 'publicKey', 'content']
  },
  'dsse 0.0.1': {
    ...dsse,
    version: 'v1',
    signature: ['signatures', '[0]', 'signature'],
    algorithm: ['payloadHash', 'algorithm'],
    digest: { at: ['payloadHash', 'value'], encoding: 'hex' },
    verifier: ['signatures', '[0]', 'verifier']
  },
  'intoto 0.0.2': {
    ...dsse,
    version: 'v1',
    signature: ['content', 'envelope', 'signatures', '[0]', 'sig'],
    algorithm: ['content', 'payloadHash', 'algorithm'],
    digest: { at: ['content', 'payloadHash', 'value'], encoding: 'hex' },
    verifier: ['content', 'envelope', 'signatures', '[0]', 'publicKey']
  },
  'hashedrekord 0.0.2': {
    version: 'v2',
    signs: ['messageSignature', 'dsseEnvelope'],
    // rekor-v2-spec §6.1.4: of an envelope the log records the hash of the PAE.
    digestOf: content => (content === 'messageSignature' ? 'message' : 'pae'),
    signature: ['hashedRekordV002', 'signature', 'content'],
    algorithm: ['hashedRekordV002', 'data', 'algorithm'],
    digest: { at: ['hashedRekordV002', 'data', 'digest'], encoding: 'base64' },
    verifier: ['hashedRekordV002', 'signature', 'verifier']
  },
  'dsse 0.0.2': {
    ...dsse,
    version: 'v2',
    signature: ['dsseV002', 'signatures', '[0]', 'content'],
    algorithm: ['dsseV002', 'payloadHash', 'algorithm'],
    digest: { at: ['dsseV002', 'payloadHash', 'digest'], encoding: 'base64' },
    verifier: ['dsseV002', 'signatures', '[0]', 'verifier']
  }
}

/**
 * Makes sure that a log entry is about this very signature: same signature, same digest, same
 * certificate or key. @sigstore/verify leaves out the last (CVE-2026-22703's family): anyone can
 * compute a second key under which a given ECDSA signature verifies, and log it under that.
 *
 * @throws KeylessError LOG_ENTRY_KIND, LOG_BODY_SIGNATURE, LOG_BODY_DIGEST, LOG_BODY_KEY,
 *   LOG_ENTRY_INVALID, JSON_…
 */
export function checkLogBody(entry: TransparencyLogEntry, recorded: Recorded): LogVersion {
  const { kind: name, version } = entry.kindVersion
  const kind = KINDS[`${name} ${version}`]
  if (!kind?.signs.includes(recorded.content)) {
    throw refuse(
      'LOG_ENTRY_KIND',
      `is of the kind ${quote(`${name} ${version}`)}, which does not record what the bundle holds (${recorded.content})`
    )
  }
  const body = parseJsonBytes(entry.canonicalizedBody, 'The body of the log entry in the bundle')
  // That the body is of that kind is for @sigstore/verify to check.
  const spec = isObject(body) ? body.spec : undefined

  if (!signatureOf(kind, spec, name).equals(recorded.signature)) {
    throw refuse('LOG_BODY_SIGNATURE', 'records another signature than the one in the bundle')
  }
  const expected = recorded.digests[kind.digestOf(recorded.content)]
  const found = Buffer.from(pick(spec, kind.digest.at), kind.digest.encoding)
  const algorithm = pick(spec, kind.algorithm).replace(/^SHA2_/, 'sha')
  if (algorithm !== expected?.algorithm || !found.equals(expected.value)) {
    throw refuse('LOG_BODY_DIGEST', 'records the digest of something else')
  }
  checkVerifier(kind, spec, recorded.verifier)
  return kind.version
}

function signatureOf(kind: Kind, spec: unknown, name: string): Buffer {
  const signature = Buffer.from(pick(spec, kind.signature), 'base64')
  // intoto entries hold the base64 of the base64.
  return name === 'intoto' ? Buffer.from(signature.toString('latin1'), 'base64') : signature
}

function checkVerifier(kind: Kind, spec: unknown, ours: Recorded['verifier']): void {
  const theirs =
    kind.version === 'v1'
      ? readPem(Buffer.from(pick(spec, kind.verifier), 'base64').toString('latin1'))
      : raw(spec, kind.verifier)
  const equal =
    theirs !== undefined &&
    ('certificate' in ours
      ? 'certificate' in theirs && theirs.certificate.equals(ours.certificate)
      : 'key' in theirs && theirs.key.equals(ours.key))
  if (!equal) {
    throw refuse(
      'LOG_BODY_KEY',
      'records the signature under another certificate or key than the one in question'
    )
  }
}

function raw(spec: unknown, path: string[]): Recorded['verifier'] {
  const verifier = walk(spec, path)
  if (isObject(verifier) && Object.hasOwn(verifier, 'x509Certificate')) {
    const der = pick(verifier, ['x509Certificate', 'rawBytes'])
    return { certificate: Buffer.from(der, 'base64') }
  }
  return { key: Buffer.from(pick(verifier, ['publicKey', 'rawBytes']), 'base64') }
}

function pick(value: unknown, path: string[]): string {
  const found = walk(value, path)
  if (typeof found === 'string' && found !== '') return found
  throw refuse('LOG_ENTRY_INVALID', `has no ${path.join('.')} in its body`)
}

function walk(value: unknown, path: string[]): unknown {
  for (const step of path) {
    if (step === '[0]') {
      if (!Array.isArray(value)) return undefined
      value = value[0] as unknown
    } else {
      if (!isObject(value)) return undefined
      value = value[step]
    }
  }
  return value
}

function refuse(code: Code, what: string): KeylessError {
  return new KeylessError(code, `The log entry in the bundle ${what}.`)
}
