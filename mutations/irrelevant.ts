import type { Operator } from './mutation.ts'

/** A field that a signature stays valid without, or with something else in its place. */
export type Irrelevant = {
  field: string
  /** The line of the specification that makes it irrelevant. */
  because: string
  /** Where it is, in which kinds, and what may be done to it there. */
  places: { path: string; kinds: RegExp; operators: Operator[] }[]
}

const SWAPS: Operator[] = ['swap (same identity)', 'swap (another identity)']
const PROOF = 'verificationMaterial.tlogEntries.0.inclusionProof'
const STAMPS = 'verificationMaterial.timestampVerificationData'
const LEGACY_STAMP = 'annotations.dev.sigstore.cosign/rfc3161timestamp'

const BUNDLE = /v0\.[123]/
const LEGACY = /\.sig/
const WITH_PROOF = /v0\.[23], Rekor/

/** A part of a timestamp, by its position in the TimeStampResp. */
const inStamp = (position: string, operators: Operator[]): Irrelevant['places'] => [
  {
    path: `${STAMPS}.rfc3161Timestamps.0.signedTimestamp / ${position}`,
    kinds: BUNDLE,
    operators
  },
  {
    path: `${LEGACY_STAMP} / SignedRFC3161Timestamp / ${position}`,
    kinds: LEGACY,
    operators
  }
]

/**
 * All that may be changed in a bundle that is accepted; reviewed, and at most twelve. Whatever else is
 * accepted fails the suite, and so does what stands here and is refused.
 */
export const IRRELEVANT: readonly Irrelevant[] = [
  {
    field: "the inclusion proof's rootHash",
    because:
      'sigstore_rekor.proto, Checkpoint: "the signed tree head"; the root compared is the one that the log signed there, this is a copy of it that nobody signed',
    places: [
      {
        path: `${PROOF}.rootHash`,
        kinds: WITH_PROOF,
        operators: ['flip', 'type', 'oversize', ...SWAPS]
      }
    ]
  },
  {
    field: "the inclusion proof's treeSize",
    because: 'as rootHash: the size used is the one in the signed checkpoint',
    places: [
      {
        path: `${PROOF}.treeSize`,
        kinds: WITH_PROOF,
        operators: ['delete', 'flip', 'type', 'oversize', ...SWAPS]
      }
    ]
  },
  {
    field: 'logIndex of an entry in Rekor v2',
    because:
      'sigstore_rekor.proto, TransparencyLogEntry.log_index: "used when querying the log by index"; what the proof is about is inclusionProof.logIndex, and only where both are equal is it shown',
    places: [
      {
        path: 'verificationMaterial.tlogEntries.0.logIndex',
        kinds: /Rekor v2/,
        operators: ['delete', 'flip', 'type', 'oversize', ...SWAPS]
      }
    ]
  },
  {
    field: "Rekor v1's promise, beside a proof and a timestamp",
    because:
      'sigstore_rekor.proto, TransparencyLogEntry.inclusion_promise: "Optional for >= v0.2 bundles if another suitable source of time is present"',
    places: [
      {
        path: 'verificationMaterial.tlogEntries.0.inclusionPromise',
        kinds: /v0\.[23], Rekor v1/,
        operators: ['delete', 'null']
      }
    ]
  },
  {
    field: "a timestamp, beside Rekor v1's promise",
    because:
      'Sigstore client spec §4.4 "Establish a time for the signature": either of both sources of time is enough; sigstore_bundle.proto, TimestampVerificationData: "or in conjunction for a stronger trust model"',
    places: [
      { path: STAMPS, kinds: /Rekor v1/, operators: ['delete', 'null', 'type'] },
      {
        path: `${STAMPS}.rfc3161Timestamps`,
        kinds: /Rekor v1/,
        operators: ['delete', 'type']
      },
      { path: `${STAMPS}.rfc3161Timestamps.0`, kinds: /Rekor v1/, operators: ['delete'] },
      { path: LEGACY_STAMP, kinds: LEGACY, operators: ['delete', 'type'] }
    ]
  },
  {
    field: "the envelope's keyid",
    because:
      'DSSE v1.0.2, protocol.md: "KEYID … is an unauthenticated hint … MUST NOT be used for any security decisions"',
    places: [
      {
        path: 'dsseEnvelope.signatures.0.keyid',
        kinds: /intoto/,
        operators: ['delete', 'null', 'flip', 'type', 'oversize']
      }
    ]
  },
  {
    field: "a timestamp's status, granted or granted with modifications",
    because:
      'RFC 3161 §2.4.2: "When the status contains the value zero or one, a TimeStampToken MUST be present"; the token is the same, and the status is not signed',
    places: inStamp('0.0', ['flip'])
  },
  {
    field: "the certificates in a timestamp's SignedData",
    because:
      'RFC 5652 §5.1, certificates: "There may be more certificates than necessary" and "There may also be fewer certificates than necessary, if it is expected that recipients have an alternate means of obtaining necessary certificates"; those believed are in the trusted root',
    places: [
      ...inStamp('1.1.0.3', ['delete', 'oversize']),
      ...inStamp('1.1.0.3.0', ['delete', 'flip', 'type', 'oversize', 'duplicate'])
    ]
  }
]
