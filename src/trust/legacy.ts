import { createHash } from 'node:crypto'
import { KeylessError } from '../errors.ts'
import { parseBundle, type Bundle } from './bundle.ts'
import { checkAnnotations } from './image.ts'
import { parseJson } from './json.ts'
import { readPem } from './pem.ts'
import type { IdentityPolicy } from './policy.ts'
import { quote } from './quote.ts'
import type { TrustedRoot } from './root.ts'
import { bytes, count, hex, message, short, text, type Shape } from './shape.ts'
import { readSimpleSigning, type SimpleSigning } from './simple-signing.ts'
import { verifyBundle, type VerifiedIdentity } from './verify.ts'

/** Annotations of a layer of cosign's `.sig` tag (cosign, pkg/oci/static/signature.go). */
export const LEGACY_ANNOTATIONS = {
  signature: 'dev.cosignproject.cosign/signature',
  certificate: 'dev.sigstore.cosign/certificate',
  chain: 'dev.sigstore.cosign/chain',
  bundle: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp'
} as const

/** A signature in cosign's older form. Nothing of it is believed before it was verified. */
export type LegacySignature = SimpleSigning & {
  payload: Buffer
  /** The same signature, over the payload, in the form of bundles. */
  bundle: Bundle
}

// cosign, pkg/cosign/bundle/rekor.go and tsa.go
const logEntry = message({
  SignedEntryTimestamp: short(bytes),
  Payload: message({ body: bytes, integratedTime: count, logIndex: count, logID: hex(64) })
})
const timestamp = message({ SignedRFC3161Timestamp: short(bytes) })

type LogEntry = {
  SignedEntryTimestamp: string
  Payload: { body: string; integratedTime: number; logIndex: number; logID: string }
}

/**
 * Reads a layer of cosign's `.sig` tag, as strictly as a bundle. Nothing is taken from the chain that it
 * may bring: authorities come from the trusted root.
 *
 * @param name what the layer is, for messages
 * @throws KeylessError NOT_AN_IMAGE_SIGNATURE, JSON_…, UNKNOWN_FIELD, FIELD_INVALID
 */
export function parseLegacy(
  layer: { payload: Buffer; annotations: Readonly<Record<string, string>> },
  name: string
): LegacySignature {
  const { payload } = layer
  return {
    payload,
    ...readSimpleSigning(payload, `The payload of ${name}`),
    bundle: parseBundle(JSON.stringify(asBundle(layer, name)), name)
  }
}

/**
 * Believes a signature in cosign's older form, or says why not: that it is about this digest, with
 * these annotations, and all that {@link verifyBundle} asks of a bundle.
 *
 * @param o.digest the image's, `sha256:…`, of bytes that we hashed
 * @param o.annotations that have to be signed with it
 * @throws KeylessError SUBJECT_MISMATCH, ANNOTATION_MISMATCH, those of verifyBundle
 */
export async function verifyLegacy(
  { payload, digest, annotations, bundle }: LegacySignature,
  o: {
    roots: TrustedRoot[]
    digest: string
    annotations: Readonly<Record<string, string>>
    signer: { identity: IdentityPolicy }
  }
): Promise<VerifiedIdentity> {
  if (digest !== o.digest) {
    throw new KeylessError(
      'SUBJECT_MISMATCH',
      `The signature is about another image: it was made for ${quote(digest)}, and asked for was ${o.digest}.`
    )
  }
  checkAnnotations(o.annotations, annotations)
  const verified = await verifyBundle(bundle, {
    roots: o.roots,
    digest: algorithm => Promise.resolve(createHash(algorithm).update(payload).digest('hex')),
    bytes: payload,
    expect: { kind: 'message-signature' },
    signer: o.signer
  })
  return { ...verified, annotations }
}

// Of version 0.1, which may rest on the log's promise; the certificate stands in a chain there. That
// the log has it as a `hashedrekord` of the payload is what verifying the bundle shows.
function asBundle(
  { payload, annotations }: Parameters<typeof parseLegacy>[0],
  name: string
): unknown {
  // cosign takes an empty annotation for a missing one, and writes the chain like that.
  const read = (key: string, shape: Shape): string => {
    const value = annotations[key] ?? ''
    short(shape)(value, at(key, name))
    return value
  }
  const readJson = (key: string, shape: Shape): unknown => {
    const value = read(key, text)
    if (value === '') return undefined
    const json = parseJson(value, at(key, name))
    shape(json, at(key, name))
    return json
  }

  const signature = read(LEGACY_ANNOTATIONS.signature, bytes)
  if (signature === '') {
    throw new KeylessError('FIELD_INVALID', `${at(LEGACY_ANNOTATIONS.signature, name)} is missing.`)
  }
  read(LEGACY_ANNOTATIONS.chain, text)
  const leaf = read(LEGACY_ANNOTATIONS.certificate, text)
  const entry = readJson(LEGACY_ANNOTATIONS.bundle, logEntry) as LogEntry | undefined
  const stamp = readJson(LEGACY_ANNOTATIONS.timestamp, timestamp) as
    { SignedRFC3161Timestamp: string } | undefined
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      ...(leaf === ''
        ? { publicKey: {} }
        : {
            x509CertificateChain: {
              certificates: [
                { rawBytes: readCertificate(leaf, at(LEGACY_ANNOTATIONS.certificate, name)) }
              ]
            }
          }),
      tlogEntries: entry ? [asLogEntry(entry)] : [],
      ...(stamp && {
        timestampVerificationData: {
          rfc3161Timestamps: [{ signedTimestamp: stamp.SignedRFC3161Timestamp }]
        }
      })
    },
    messageSignature: {
      messageDigest: {
        algorithm: 'SHA2_256',
        digest: createHash('sha256').update(payload).digest('base64')
      },
      signature
    }
  }
}

/** In base64, as a bundle has it. */
function readCertificate(pem: string, at: string): string {
  const found = readPem(pem)
  if (!found || !('certificate' in found)) {
    throw new KeylessError('FIELD_INVALID', `${at} is not exactly one certificate in PEM.`)
  }
  return found.certificate.toString('base64')
}

function asLogEntry({ SignedEntryTimestamp, Payload }: LogEntry): unknown {
  return {
    logIndex: Payload.logIndex,
    logId: { keyId: Buffer.from(Payload.logID, 'hex').toString('base64') },
    kindVersion: { kind: 'hashedrekord', version: '0.0.1' },
    integratedTime: Payload.integratedTime,
    inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
    canonicalizedBody: Payload.body
  }
}

function at(annotation: string, name: string): string {
  return `The annotation ${annotation} of ${name}`
}
