import type { Code } from '../src/errors.ts'

// Why each case of the public suite has to be refused: any of these codes says that, no other does.
// A client that refuses for another reason, or crashes, has not understood the case.

const malformed: Code[] = ['JSON_INVALID', 'FIELD_INVALID']
const inclusion: Code[] = ['LOG_PROOF_INVALID']
const timestamp: Code[] = ['TIMESTAMP_INVALID']
const promise: Code[] = ['LOG_PROMISE_INVALID']
const noProof: Code[] = ['BUNDLE_NO_INCLUSION']
const signature: Code[] = ['SIGNATURE_INVALID']
const body: Code[] = ['LOG_BODY_SIGNATURE', 'LOG_BODY_DIGEST', 'LOG_BODY_KEY']
// The envelope is another one, perhaps about something else: then it is not even looked up.
const envelope: Code[] = [...body, 'SUBJECT_MISMATCH']
const outside: Code[] = ['CERTIFICATE_NOT_VALID_THEN']

/** Codes that fit each case that must be refused, without its `_fail`. */
export const EXPECTED: Readonly<Record<string, readonly Code[]>> = {
  'bundle-empty-certificate-chain': ['BUNDLE_CONTENT'],
  'bundle-from-wrong-instance': ['UNKNOWN_AUTHORITY'],
  'bundle-invalid-base64-signature': malformed,
  'bundle-malformed-json': malformed,
  'bundle-negative-log-index': malformed,
  'bundle-unknown-version': ['BUNDLE_MEDIA_TYPE'],
  'bundle-with-root-cert': ['CERTIFICATE_CHAIN'],
  'checkpoint-bad-keyhint': inclusion,
  'checkpoint-wrong-roothash': inclusion,
  'dsse-invalid-sig': signature,
  'dsse-mismatch-envelope': envelope,
  'dsse-mismatch-sig': body,
  'inclusion-proof-corrupted-hash': inclusion,
  'incorrect-public-key': ['LOG_BODY_KEY', ...promise],
  'integrated-time-in-future': outside,
  'intoto-expired-certificate': outside,
  'intoto-log-entry-mismatch': [...body, 'LOG_ENTRY_INVALID'],
  'intoto-missing-inclusion-proof': noProof,
  'intoto-set-outside-signing-cert-validity': outside,
  'intoto-tsa-timestamp-outside-cert-validity': outside,
  'invalid-checkpoint-signature': inclusion,
  'invalid-ct-key': ['SCT_INVALID', 'TRUSTED_ROOT_INVALID'],
  // A v0.2 bundle whose proof is old and has no checkpoint at all.
  'invalid-inclusion-proof': [...inclusion, ...noProof],
  'managed-key-no-key': ['BUNDLE_HAS_KEY'],
  'managed-key-wrong-key': signature,
  'message-digest-mismatch': ['DIGEST_MISMATCH'],
  'rekor2-checkpoint-missing-log-signature': inclusion,
  'rekor2-checkpoint-missing-origin': [...inclusion, 'LOG_ORIGIN'],
  'rekor2-checkpoint-missing-root-hash': inclusion,
  'rekor2-checkpoint-missing-size': inclusion,
  'rekor2-checkpoint-no-matching-signature': [...inclusion, 'LOG_ORIGIN'],
  'rekor2-dsse-invalid-sig': signature,
  'rekor2-dsse-mismatch-envelope': envelope,
  'rekor2-dsse-mismatch-sig': body,
  'rekor2-no-inclusion-proof': noProof,
  'rekor2-no-timestamp': ['TIME_MISSING'],
  'rekor2-timestamp-outside-trust-root-tsa-validity': timestamp,
  'rekor2-timestamp-outside-tsa-cert-validity': timestamp,
  'rekor2-timestamp-payload-mismatch': timestamp,
  'rekor2-timestamp-untrusted-tsa-with-embedded-cert': timestamp,
  'rekor2-timestamp-untrusted-tsa-without-embedded-cert': timestamp,
  'rekor2-timestamp-with-incorrect-time': outside,
  'set-invalid-signature': promise,
  'signature-mismatch': signature,
  'trust-root-tlog-missing-validity-start': ['TRUSTED_ROOT_NO_START'],
  'wrong-hashedrekord-artifact': body,
  'wrong-hashedrekord-cert-and-sig': body,
  'wrong-hashedrekord-entry': body,
  'wrong-material': ['DIGEST_MISMATCH', 'SUBJECT_MISMATCH']
}
