import { TrustedRoot as ProtoTrustedRoot } from '@sigstore/protobuf-specs'
import { toTrustMaterial, type TrustMaterial } from '@sigstore/verify'
import { KeylessError } from '../errors.ts'
import { findJsonFault } from '../json.ts'
import { isObject } from '../json.ts'
import { parseJson } from './json.ts'
import { readLines } from './lines.ts'
import { remember } from './memo.ts'
import { bytes, list, message, text, time, url } from './shape.ts'

/** What one Sigstore instance is believed by. Several instances are never merged into one. */
export type TrustedRoot = { material: TrustMaterial }

/** Believes nothing: for keys, which need no instance while the bundle brings no witnesses. */
export const NO_ROOT: TrustedRoot = {
  material: toTrustMaterial({
    mediaType: '',
    tlogs: [],
    certificateAuthorities: [],
    ctlogs: [],
    timestampAuthorities: []
  })
}

const MEDIA_TYPES = [
  'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  'application/vnd.dev.sigstore.trustedroot.v0.1+json',
  'application/vnd.dev.sigstore.trustedroot.v0.2+json'
]

/** Of one file, one a line. */
const MAX_ROOTS = 100

const range = message({}, { start: time, end: time })
const logId = message({ keyId: bytes })

const log = message(
  {
    baseUrl: url,
    publicKey: message({ rawBytes: bytes, keyDetails: text }, { validFor: range }),
    logId
  },
  { hashAlgorithm: text, checkpointKeyId: logId, operator: text }
)

const authority = message(
  { certChain: message({ certificates: list(message({ rawBytes: bytes })) }) },
  {
    subject: message({}, { organization: text, commonName: text }),
    uri: text,
    validFor: range,
    operator: text
  }
)

// https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto
const shape = message(
  { mediaType: text },
  {
    tlogs: list(log),
    certificateAuthorities: list(authority),
    ctlogs: list(log),
    timestampAuthorities: list(authority)
  }
)

/**
 * Reads trusted roots: one JSON document, or several, one a line (as `gh attestation trusted-root`
 * prints them). Read once and keep: the result serves any number of bundles.
 *
 * @param name what the text is, for messages
 * @throws KeylessError JSON_…, UNKNOWN_FIELD, FIELD_INVALID, TRUSTED_ROOT_…
 */
export function parseTrustedRoots(text: string, name: string): TrustedRoot[] {
  const lines: { line: string; number: number }[] = []
  for (const each of readLines(text)) if (lines.push(each) > MAX_ROOTS) break
  // One document may be spread over many lines, of which the first is none.
  if (lines.length < 2 || !isDocument(lines[0]?.line ?? '')) return [parseOne(text, name)]
  if (lines.length > MAX_ROOTS) {
    throw new KeylessError(
      'TRUSTED_ROOT_INVALID',
      `${name} has more than ${MAX_ROOTS} trusted roots; give those of the instances that you trust.`
    )
  }
  return lines.map(({ line, number }) => parseOne(line, `${name}:${number}`))
}

function isDocument(line: string): boolean {
  // Then reading it says why.
  if (findJsonFault(line)) return true
  try {
    return isObject(JSON.parse(line))
  } catch {
    return false
  }
}

function parseOne(text: string, name: string): TrustedRoot {
  const json = parseJson(text, name)
  if (!isObject(json) || !MEDIA_TYPES.includes(String(json.mediaType))) {
    throw new KeylessError(
      'TRUSTED_ROOT_MEDIA_TYPE',
      `${name} is not a Sigstore trusted root of version 0.1 or 0.2: its mediaType is not one of ${MEDIA_TYPES.join(', ')}.`
    )
  }
  shape(json, name)
  const root = readProto(json, name)
  checkStarts(root, name)
  try {
    const material = toTrustMaterial(root)
    for (const { certChain } of [
      ...material.certificateAuthorities,
      ...material.timestampAuthorities
    ]) {
      for (const each of certChain) remember(each, each.root.toDER())
    }
    return { material }
  } catch (cause) {
    throw unreadable(name, cause)
  }
}

// Which keys and hashes there are is for the library to know.
function readProto(json: unknown, name: string): ProtoTrustedRoot {
  try {
    return ProtoTrustedRoot.fromJSON(json)
  } catch (cause) {
    throw unreadable(name, cause)
  }
}

function unreadable(name: string, cause: unknown): KeylessError {
  return new KeylessError(
    'TRUSTED_ROOT_INVALID',
    `${name} has a key or certificate that cannot be read; get it anew from whoever runs the instance.`,
    { cause }
  )
}

// sigstore_trustroot.proto requires a start of each instance. @sigstore/verify takes a missing one
// for "since 1970", which would let a key vouch for times before it existed.
function checkStarts(root: ProtoTrustedRoot, name: string): void {
  const ranges = [
    ...root.tlogs.map(log => ['log', log.baseUrl, log.publicKey?.validFor] as const),
    ...root.ctlogs.map(log => ['CT log', log.baseUrl, log.publicKey?.validFor] as const),
    ...root.certificateAuthorities.map(ca => ['CA', ca.uri, ca.validFor] as const),
    ...root.timestampAuthorities.map(ca => ['timestamp authority', ca.uri, ca.validFor] as const)
  ]
  for (const [kind, url, validFor] of ranges) {
    if (!validFor?.start) {
      throw new KeylessError(
        'TRUSTED_ROOT_NO_START',
        `${name} does not say since when the ${kind} ${url.slice(0, 200)} is valid (validFor.start).`
      )
    }
  }
}
