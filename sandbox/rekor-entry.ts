import { type KeyObject, X509Certificate, createHash, createPublicKey, verify } from 'node:crypto'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { ASN1Obj, dsse, json } from '@sigstore/core'
import { pem, spki } from './certificate.ts'
import { Refusal } from './server.ts'

/** A certificate or a public key, as Rekor writes it into an entry: PEM anew. */
type Verifier = { key: KeyObject; canonical: string }

type Hash = { algorithm?: string; value?: string }
type Envelope = {
  payload: string
  payloadType: string
  signatures: { sig: string; keyid?: string }[]
}
type Hashedrekord = {
  signature?: { content?: string; publicKey?: { content?: string } }
  data?: { hash?: Hash }
}
type Dsse = { proposedContent?: { envelope?: string; verifiers?: string[] } }
type Proposal = { kind?: string; apiVersion?: string; spec?: Hashedrekord & Dsse }

const invalid = (reason: string): Refusal => new Refusal(400, `error processing entry: ${reason}`)

const CURVES = { prime256v1: p256, secp384r1: p384, secp521r1: p521 }
const DIGEST_LENGTHS: Record<string, number> = { sha256: 32, sha384: 48, sha512: 64 }

const base64 = (data: Uint8Array | string): string => Buffer.from(data).toString('base64')
const sha256Of = (data: Uint8Array | string): Hash => ({
  algorithm: 'sha256',
  value: createHash('sha256').update(data).digest('hex')
})

function parseVerifier(encoded: string | undefined): Verifier {
  const text = Buffer.from(encoded ?? '', 'base64').toString()
  try {
    if (text.includes('BEGIN CERTIFICATE')) {
      const certificate = new X509Certificate(text)
      return { key: certificate.publicKey, canonical: base64(pem(certificate.raw)) }
    }
    const key = createPublicKey(text)
    return { key, canonical: base64(key.export({ format: 'pem', type: 'spki' })) }
  } catch {
    throw invalid('invalid public key')
  }
}

/** ECDSA over a digest. `node:crypto` hashes by itself, so the curves come from noble. */
export function signedDigest(key: KeyObject, digest: Buffer, signature: Buffer): boolean {
  const name = key.asymmetricKeyDetails?.namedCurve
  if (name !== 'prime256v1' && name !== 'secp384r1' && name !== 'secp521r1') {
    throw invalid('entry algorithms are not allowed')
  }
  const point = ASN1Obj.parseBuffer(Buffer.from(spki(key))).subs[1]?.value.subarray(1)
  try {
    return CURVES[name].verify(signature, digest, point ?? Buffer.alloc(0), {
      prehash: false,
      lowS: false,
      format: 'der'
    })
  } catch {
    return false
  }
}

/** hashedrekord 0.0.1: a signature over a digest. */
function canonicalHashedrekord(spec: Hashedrekord): unknown {
  const { algorithm = '', value = '' } = spec.data?.hash ?? {}
  const digest = Buffer.from(value, 'hex')
  if (digest.length !== DIGEST_LENGTHS[algorithm] || digest.length * 2 !== value.length) {
    throw invalid('invalid value for hash')
  }
  const signature = Buffer.from(spec.signature?.content ?? '', 'base64')
  const verifier = parseVerifier(spec.signature?.publicKey?.content)
  if (!signedDigest(verifier.key, digest, signature)) {
    throw invalid('verifying signature: invalid signature when validating ASN.1 encoded signature')
  }
  return {
    data: { hash: { algorithm, value } },
    signature: { content: base64(signature), publicKey: { content: verifier.canonical } }
  }
}

function parseEnvelope(text: string | undefined): Envelope {
  if (text === undefined) throw invalid('proposed content envelope is missing')
  try {
    const envelope = JSON.parse(text) as Partial<Envelope>
    const { payload = '', payloadType = '', signatures = [] } = envelope
    return { payload, payloadType, signatures }
  } catch {
    throw invalid('invalid envelope')
  }
}

/** dsse 0.0.1: an envelope that is checked, and logged by its hashes only. */
function canonicalDsse(spec: Dsse): unknown {
  const text = spec.proposedContent?.envelope
  const envelope = parseEnvelope(text)
  if (envelope.signatures.length === 0) {
    throw invalid('DSSE envelope must contain 1 or more signatures')
  }
  const verifiers = (spec.proposedContent?.verifiers ?? []).map(parseVerifier)
  const payload = Buffer.from(envelope.payload, 'base64')
  const signed = dsse.preAuthEncoding(envelope.payloadType, payload)
  const signatures = envelope.signatures.map(({ sig }) => {
    const verifier = verifiers.find(({ key }) =>
      verify('sha256', signed, key, Buffer.from(sig, 'base64'))
    )
    if (verifier === undefined) throw invalid('could not verify envelope')
    return { signature: sig, verifier: verifier.canonical }
  })
  return {
    envelopeHash: sha256Of(text ?? ''),
    payloadHash: sha256Of(payload),
    signatures: signatures.toSorted((a, b) => (a.signature < b.signature ? -1 : 1))
  }
}

/**
 * The body that the log keeps of a proposed entry, in canonical JSON (RFC 8785).
 * @throws Refusal (400) for what Rekor does not take: malformed, other kinds, bad signatures
 */
export function canonicalEntry(request: Buffer): Buffer {
  let proposal: Proposal | null
  try {
    proposal = JSON.parse(request.toString()) as Proposal | null
  } catch {
    throw new Refusal(400, 'parsing proposedEntry body failed')
  }
  const { kind, apiVersion, spec } = proposal ?? {}
  if (apiVersion !== '0.0.1' || spec === undefined) throw invalid('unsupported version')
  if (kind !== 'hashedrekord' && kind !== 'dsse') throw invalid('unsupported kind')
  try {
    const canonical = kind === 'dsse' ? canonicalDsse(spec) : canonicalHashedrekord(spec)
    return Buffer.from(json.canonicalize({ apiVersion, kind, spec: canonical }))
  } catch (error) {
    // Fields of other types than the schema's fail wherever they are used first.
    throw error instanceof Refusal ? error : invalid('spec is not of its kind')
  }
}
