import { Bundle as ProtoBundle } from '@sigstore/protobuf-specs'
import type { Bundle } from '@sigstore/bundle'
import { KeylessError } from '../errors.ts'
import { isObject } from '../json.ts'
import { parseJson } from './json.ts'
import { readLines } from './lines.ts'
import { note } from './note.ts'
import { bytes, count, list, message, nullable, oneOf, short, text } from './shape.ts'
import { quote } from './quote.ts'

export type { Bundle } from '@sigstore/bundle'

/** A bundle of a file that may hold several, or why this one of them is none. */
export type ParsedBundle = { name: string } & ({ bundle: Bundle } | { error: KeylessError })

// Whole strings: a prefix would let `version=0.3-evil` in.
const VERSIONS: Readonly<Record<string, '0.1' | 'later'>> = {
  'application/vnd.dev.sigstore.bundle+json;version=0.1': '0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2': 'later',
  'application/vnd.dev.sigstore.bundle+json;version=0.3': 'later',
  'application/vnd.dev.sigstore.bundle.v0.3+json': 'later'
}

// What sigstore-go allows, too: verifying is quadratic in some of these.
const MAX_ENTRIES = 32
const MAX_TIMESTAMPS = 32

/** Of one file, one a line. */
const MAX_BUNDLES = 10_000

const HASHES = ['SHA2_256', 'SHA2_384', 'SHA2_512'] as const

const certificate = message({ rawBytes: short(bytes) })

const logEntry = message(
  {
    logId: message({ keyId: short(bytes) }),
    kindVersion: message({ kind: short(text), version: short(text) })
  },
  {
    // Go's protobuf JSON leaves out what is zero: the first entry of a log has no index.
    logIndex: count,
    canonicalizedBody: bytes,
    integratedTime: count,
    // Rekor v2 answers null here, and older clients copied its answer into their bundles.
    inclusionPromise: nullable(message({ signedEntryTimestamp: short(bytes) })),
    inclusionProof: message(
      { rootHash: short(bytes) },
      {
        logIndex: count,
        treeSize: count,
        hashes: list(short(bytes)),
        checkpoint: message({ envelope: short(note) })
      }
    )
  }
)

// https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto, in the
// JSON form that the specification asks for: lowerCamelCase and names of enum values.
const shape = message(
  {
    mediaType: short(text),
    verificationMaterial: message(
      {},
      {
        // Before 1.1 model_signing put the key itself there. It is let pass, and never believed: who
        // verifies with a key brings it.
        publicKey: message(
          {},
          { hint: short(text), rawBytes: short(bytes), keyDetails: short(text) }
        ),
        x509CertificateChain: message({ certificates: list(certificate) }),
        certificate,
        tlogEntries: list(logEntry),
        // npm's registry serves null for bundles without timestamps.
        timestampVerificationData: nullable(
          message({}, { rfc3161Timestamps: list(message({ signedTimestamp: short(bytes) })) })
        )
      }
    )
  },
  {
    messageSignature: message({
      messageDigest: message({ algorithm: oneOf(HASHES), digest: short(bytes) }),
      signature: short(bytes)
    }),
    dsseEnvelope: message({
      payload: bytes,
      payloadType: short(text),
      // The same versions of model_signing have null for no keyid.
      signatures: list(message({ sig: short(bytes) }, { keyid: nullable(short(text)) }))
    })
  }
)

/**
 * Reads one Sigstore bundle, v0.1 to v0.3, and refuses everything that its format does not have:
 * what a lenient reader ignores could be what another one believes.
 *
 * @param name what the text is, for messages
 * @throws KeylessError JSON_…, UNKNOWN_FIELD, FIELD_INVALID, BUNDLE_…
 */
export function parseBundle(text: string, name: string): Bundle {
  const json = parseJson(text, name)
  const version = mediaTypeVersion(json, name)
  shape(json, name)
  checkContent(json as Shaped, name)
  const bundle = ProtoBundle.fromJSON(json) as Bundle
  checkLimits(bundle, name)
  checkInclusion(bundle, version, name)
  return bundle
}

/**
 * Reads the bundles of a file: one of `.jsonl` holds one a line, any other is one. A line that
 * cannot be read is returned with its error, since junk beside a good bundle must not hide it.
 *
 * @throws KeylessError BUNDLE_TOO_MANY for a file of more than 10,000
 */
export function parseBundles(text: string, name: string): ParsedBundle[] {
  if (!name.endsWith('.jsonl')) return [parseOne(text, name)]
  const bundles: ParsedBundle[] = []
  for (const { line, number } of readLines(text)) {
    if (bundles.length === MAX_BUNDLES) {
      throw new KeylessError(
        'BUNDLE_TOO_MANY',
        `${name} has more than ${MAX_BUNDLES} bundles, and every subject would be tried with each; give a file of fewer.`
      )
    }
    bundles.push(parseOne(line, `${name}:${number}`))
  }
  return bundles
}

function parseOne(text: string, name: string): ParsedBundle {
  try {
    return { name, bundle: parseBundle(text, name) }
  } catch (error) {
    if (error instanceof KeylessError) return { name, error }
    throw error
  }
}

// First of all, as a bundle of a later version may well have fields that we do not know.
function mediaTypeVersion(json: unknown, name: string): '0.1' | 'later' {
  const mediaType = isObject(json) ? json.mediaType : undefined
  const version =
    typeof mediaType === 'string' && Object.hasOwn(VERSIONS, mediaType)
      ? VERSIONS[mediaType]
      : undefined
  if (!version) {
    throw new KeylessError(
      'BUNDLE_MEDIA_TYPE',
      `${name} is not a Sigstore bundle of version 0.1, 0.2 or 0.3: its mediaType is ` +
        (typeof mediaType === 'string' ? quote(mediaType) : 'absent') +
        '.'
    )
  }
  return version
}

/** What the shape leaves to be checked. */
type Shaped = { verificationMaterial: { x509CertificateChain?: { certificates: unknown[] } } }

function checkContent(json: Shaped, name: string): void {
  const { verificationMaterial: material } = json
  for (const [object, arms] of [
    [json, ['messageSignature', 'dsseEnvelope']],
    [material, ['publicKey', 'x509CertificateChain', 'certificate']]
  ] as const) {
    const found = arms.filter(arm => Object.hasOwn(object, arm))
    if (found.length !== 1) {
      throw new KeylessError(
        'BUNDLE_CONTENT',
        `${name} must have exactly one of ${arms.join(', ')}; it has ${found.join(' and ') || 'none'}.`
      )
    }
  }
  if (material.x509CertificateChain?.certificates.length === 0) {
    throw new KeylessError('BUNDLE_CONTENT', `${name} has an empty chain of certificates.`)
  }
}

function checkLimits(bundle: Bundle, name: string): void {
  const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial
  const entries = tlogEntries.length
  const timestamps = timestampVerificationData?.rfc3161Timestamps.length ?? 0
  if (entries > MAX_ENTRIES || timestamps > MAX_TIMESTAMPS) {
    throw new KeylessError(
      'BUNDLE_TOO_MANY',
      `${name} has ${entries} log entries and ${timestamps} timestamps; at most ${MAX_ENTRIES} of each are read.`
    )
  }
  if (bundle.content.$case === 'dsseEnvelope') {
    const signatures = bundle.content.dsseEnvelope.signatures.length
    // DSSE allows several, a Sigstore bundle does not: who signed would be ambiguous.
    if (signatures !== 1) {
      throw new KeylessError(
        'BUNDLE_SIGNATURE_COUNT',
        `${name} has ${signatures} signatures in its envelope; a Sigstore bundle has exactly one.`
      )
    }
  }
}

// sigstore_bundle.proto: v0.1 may rest on the log's promise, v0.2 and later need the proof and the
// checkpoint under it, so that nobody has to ask the log.
function checkInclusion(bundle: Bundle, version: '0.1' | 'later', name: string): void {
  for (const entry of bundle.verificationMaterial.tlogEntries) {
    const proof = entry.inclusionProof?.checkpoint !== undefined
    if (!proof && (version !== '0.1' || entry.inclusionPromise === undefined)) {
      throw new KeylessError(
        'BUNDLE_NO_INCLUSION',
        `${name} has a log entry without ` +
          (version === '0.1'
            ? 'an inclusion promise or proof'
            : 'an inclusion proof with a checkpoint') +
          ', so nothing shows that the log has it.'
      )
    }
  }
}
