import { type KeyObject, X509Certificate, createPublicKey } from 'node:crypto'
import { json } from '@sigstore/core'
import { signedDigest } from './rekor-entry.ts'
import { invalidArgument } from './server.ts'

export const KIND = { kind: 'hashedrekord', version: '0.0.2' }

const MEMBER = 'hashedRekordRequestV002'

type Json = Record<string, unknown>

/** What the server's registry of algorithms (rekor-tiles, algorithmregistry.go) has of ECDSA. */
const ALGORITHMS: Record<string, { curve: string; algorithm: string; length: number }> = {
  PKIX_ECDSA_P256_SHA_256: { curve: 'prime256v1', algorithm: 'SHA2_256', length: 32 },
  PKIX_ECDSA_P384_SHA_384: { curve: 'secp384r1', algorithm: 'SHA2_384', length: 48 },
  PKIX_ECDSA_P521_SHA_512: { curve: 'secp521r1', algorithm: 'SHA2_512', length: 64 }
}

const invalid = (): Error => invalidArgument('invalid hashedrekord request')

/** An object with these members and no others: the server refuses unknown fields. */
function object(value: unknown, ...members: string[]): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid()
  const unknown = Object.keys(value).find(name => !members.includes(name))
  if (unknown !== undefined) throw invalidArgument(`proto: unknown field "${unknown}"`)
  return value as Json
}

function bytes(value: unknown): Buffer {
  if (typeof value !== 'string' || value === '') throw invalid()
  return Buffer.from(value, 'base64')
}

function parse(request: Buffer): Json {
  try {
    const value: unknown = JSON.parse(request.toString())
    if (typeof value === 'object' && value !== null) return value as Json
  } catch {
    // said below
  }
  throw invalidArgument('proto: syntax error')
}

/** The verifier's key, and the one of its two forms that it has. */
function parseVerifier({ x509Certificate, publicKey }: Json): { key: KeyObject; form: Json } {
  const [name, value] =
    x509Certificate === undefined
      ? (['publicKey', publicKey] as const)
      : (['x509Certificate', x509Certificate] as const)
  const der = bytes(object(value, 'rawBytes').rawBytes)
  const form = { [name]: { rawBytes: der.toString('base64') } }
  try {
    const key =
      name === 'publicKey'
        ? createPublicKey({ key: der, format: 'der', type: 'spki' })
        : new X509Certificate(der).publicKey
    return { key, form }
  } catch {
    throw invalid()
  }
}

/**
 * The body that the log keeps of a request, in canonical JSON (RFC 8785).
 * @throws Refusal (400) for what Rekor v2 does not take: other kinds, malformed, bad signatures
 */
export function canonicalEntry(request: Buffer): Buffer {
  const proposal = parse(request)
  const { [MEMBER]: value } = object(proposal, MEMBER, 'dsseRequestV002')
  if (value === undefined) throw invalidArgument('invalid type, must be hashedrekord')
  const { digest, signature } = object(value, 'digest', 'signature')
  const { content, verifier } = object(signature, 'content', 'verifier')
  const given = object(verifier, 'x509Certificate', 'publicKey', 'keyDetails')
  const { keyDetails } = given
  const details = typeof keyDetails === 'string' ? ALGORITHMS[keyDetails] : undefined
  const { key, form } = parseVerifier(given)
  const hash = bytes(digest)
  if (
    details === undefined ||
    key.asymmetricKeyDetails?.namedCurve !== details.curve ||
    hash.length !== details.length ||
    !signedDigest(key, hash, bytes(content))
  ) {
    throw invalid()
  }
  const hashedRekordV002 = {
    data: { algorithm: details.algorithm, digest: hash.toString('base64') },
    signature: {
      content: bytes(content).toString('base64'),
      verifier: { ...form, keyDetails }
    }
  }
  const entry = { apiVersion: KIND.version, kind: KIND.kind, spec: { hashedRekordV002 } }
  return Buffer.from(json.canonicalize(entry))
}
