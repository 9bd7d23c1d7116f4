import type { Bundle } from '@sigstore/bundle'
import { pem } from '@sigstore/core'
import { KeylessError } from '../errors.ts'
import { LEGACY_ANNOTATIONS } from '../trust/legacy.ts'

type LogEntry = Bundle['verificationMaterial']['tlogEntries'][number]

/**
 * A signed payload's bundle (a message signature under a certificate) as the annotations of its layer
 * in cosign's `.sig` tag (cosign, pkg/oci/static/options.go, JSON as Go orders it). A layer has room for
 * one timestamp, so of several the first is taken.
 *
 * The chain is empty, as cosign 3.1 writes it: cosign 2, policy-controller and we take intermediates
 * from the root that the verifier trusts.
 *
 * @throws KeylessError LEGACY_NEEDS_REKOR_V1 when no log promised an entry
 */
export function legacyAnnotations({
  content,
  verificationMaterial: { content: signer, tlogEntries, timestampVerificationData }
}: Bundle): Record<string, string> {
  if (content.$case !== 'messageSignature' || signer.$case !== 'certificate') {
    throw new TypeError('not a message signature under a certificate')
  }
  const [entry] = tlogEntries
  const promise = entry?.inclusionPromise?.signedEntryTimestamp
  if (!entry || !promise) {
    throw new KeylessError(
      'LEGACY_NEEDS_REKOR_V1',
      "signature-format: cosign's older form holds a transparency log's promise, which this signature does not have, as only Rekor v1 gives it; write signature-format: bundle, or use a Sigstore instance with such a log."
    )
  }
  const stamp = timestampVerificationData?.rfc3161Timestamps[0]?.signedTimestamp
  return {
    [LEGACY_ANNOTATIONS.signature]: base64(content.messageSignature.signature),
    [LEGACY_ANNOTATIONS.certificate]: pem.fromDER(signer.certificate.rawBytes),
    [LEGACY_ANNOTATIONS.chain]: '',
    [LEGACY_ANNOTATIONS.bundle]: logBundle(entry, promise),
    ...(stamp && {
      [LEGACY_ANNOTATIONS.timestamp]: JSON.stringify({ SignedRFC3161Timestamp: base64(stamp) })
    })
  }
}

function logBundle(entry: LogEntry, promise: Buffer): string {
  return JSON.stringify({
    SignedEntryTimestamp: base64(promise),
    Payload: {
      body: base64(entry.canonicalizedBody),
      integratedTime: Number(entry.integratedTime),
      logIndex: Number(entry.logIndex),
      logID: entry.logId.keyId.toString('hex')
    }
  })
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64')
}
