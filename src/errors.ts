/**
 * Every failure that this project raises on purpose. The code is stable and names the reason; the
 * message is one sentence for a person: the input, what was found, what to do. Each folder that
 * raises codes adds them here, in its own block.
 */
export type Code =
  // inputs and the ground a run stands on
  | 'INPUT_INVALID'
  | 'NO_ID_TOKEN_PERMISSION'
  | 'FORK_PULL_REQUEST'
  | 'UNTRUSTED_TRIGGER'
  | 'TLS_DISABLED'
  | 'TOKEN_IN_ENVIRONMENT'
  | 'NODE_TOO_OLD'
  | 'NO_ARTIFACT_SERVICE'
  // subjects
  | 'NO_SUBJECT'
  | 'FILE_NOT_REGULAR'
  | 'FILE_OUTSIDE_WORKSPACE'
  | 'FILE_UNREADABLE'
  | 'FILE_CHANGED'
  | 'FILE_IS_DSSE'
  | 'FILE_IS_LFS_POINTER'
  | 'IMAGE_TAG_ONLY'
  | 'IMAGE_NOT_FOUND'
  // subjects: models, and digests of files that lie elsewhere
  | 'MODEL_EMPTY'
  | 'MODEL_LINK'
  | 'MODEL_NAME_NOT_UTF8'
  | 'CHECKSUMS_TOO_LARGE'
  | 'CHECKSUMS_EMPTY'
  | 'CHECKSUMS_INVALID'
  | 'CHECKSUMS_NAME_UNSAFE'
  | 'CHECKSUMS_OVERLAP'
  // storage
  | 'WRITE_FAILED'
  | 'UPLOAD_FAILED'
  | 'NO_BUNDLE'
  | 'BUNDLE_UNREADABLE'
  | 'PUBLISH_FAILED'
  // the verdict of a verify step
  | 'NO_BUNDLE_VERIFIES'
  | 'COULD_NOT_LOOK'
  | 'NOT_VERIFIED'
  // Sigstore services and the way to them (src/http.ts, src/sigstore)
  | 'SERVICE_URL_INSECURE'
  | 'SERVICE_UNREACHABLE'
  | 'SERVICE_UNAVAILABLE'
  | 'SERVICE_REFUSED'
  | 'SERVICE_REDIRECTED'
  | 'SERVICE_ANSWER_INVALID'
  | 'REQUEST_EXPIRED'
  | 'TOKEN_INVALID'
  | 'TOKEN_WRONG_AUDIENCE'
  | 'TOKEN_WRONG_ISSUER'
  | 'CLOCK_WRONG'
  | 'FULCIO_REFUSED_TOKEN'
  | 'SIGNING_CONFIG_INVALID'
  | 'SIGNING_CONFIG_NO_SERVICE'
  | 'REKOR_FROZEN'
  | 'REKOR_CONFLICT'
  | 'NO_PROGRESS'
  // registries
  | 'IMAGE_REFERENCE_INVALID'
  | 'REGISTRY_CREDENTIALS_INVALID'
  | 'REGISTRY_REALM_REFUSED'
  | 'REGISTRY_UNAUTHORIZED'
  | 'REGISTRY_FORBIDDEN'
  | 'REGISTRY_REFUSED'
  | 'REGISTRY_ANSWER_INVALID'
  | 'REGISTRY_DIGEST_MISMATCH'
  // trust: reading a bundle, a trusted root
  | 'JSON_TOO_LARGE'
  | 'JSON_INVALID'
  | 'JSON_DUPLICATE_KEY'
  | 'JSON_TOO_DEEP'
  | 'UNKNOWN_FIELD'
  | 'FIELD_INVALID'
  | 'BUNDLE_MEDIA_TYPE'
  | 'BUNDLE_CONTENT'
  | 'BUNDLE_TOO_MANY'
  | 'BUNDLE_SIGNATURE_COUNT'
  | 'BUNDLE_NO_INCLUSION'
  | 'TRUSTED_ROOT_MEDIA_TYPE'
  | 'TRUSTED_ROOT_NO_START'
  | 'TRUSTED_ROOT_INVALID'
  // trust: TUF
  | 'TUF_UNREACHABLE'
  | 'TUF_EXPIRED'
  | 'TUF_ROLLED_BACK'
  | 'TUF_CLOCK'
  | 'TUF_INVALID'
  // trust: what was signed
  | 'NOT_A_MESSAGE_SIGNATURE'
  | 'NOT_A_STATEMENT'
  | 'PAYLOAD_TYPE'
  | 'STATEMENT_INVALID'
  | 'PREDICATE_TYPE_MISMATCH'
  | 'SUBJECT_MISMATCH'
  | 'DIGEST_MISMATCH'
  | 'DIGEST_ALGORITHM'
  // trust: signatures of images
  | 'NOT_AN_IMAGE_SIGNATURE'
  | 'ANNOTATION_MISMATCH'
  // signing images in cosign's older form
  | 'LEGACY_NEEDS_REKOR_V1'
  // signing models whose list of files is large
  | 'LOG_ENTRY_TOO_LARGE'
  // trust: what was signed, where that is a model
  | 'MODEL_NAME_UNSAFE'
  | 'MODEL_NAME_TWICE'
  | 'MODEL_METHOD'
  | 'MODEL_HASH'
  | 'MODEL_SHARDS'
  | 'MODEL_ROOT'
  | 'MODEL_MISMATCH'
  // trust: who signed
  | 'BUNDLE_HAS_KEY'
  | 'BUNDLE_HAS_CERTIFICATE'
  | 'CERTIFICATE_CHAIN'
  | 'CERTIFICATE_MALFORMED'
  | 'CERTIFICATE_NOT_CODE_SIGNING'
  | 'CERTIFICATE_KEY_USAGE'
  | 'CERTIFICATE_IS_CA'
  | 'CERTIFICATE_CRITICAL_EXTENSION'
  | 'CERTIFICATE_SUBJECT_NAMES'
  | 'CERTIFICATE_NOT_VALID_THEN'
  | 'CERTIFICATE_INVALID'
  | 'UNKNOWN_AUTHORITY'
  | 'GITHUB_INSTANCE_FOR_PUBLIC'
  | 'SCT_MISSING'
  | 'SCT_INVALID'
  | 'SIGNATURE_INVALID'
  | 'KEY_UNSUPPORTED'
  // trust: the witnesses
  | 'LOG_ENTRY_MISSING'
  | 'LOG_ENTRY_INVALID'
  | 'LOG_ENTRY_KIND'
  | 'LOG_UNKNOWN'
  | 'LOG_PROMISE_INVALID'
  | 'LOG_PROOF_INVALID'
  | 'LOG_ORIGIN'
  | 'LOG_BODY_SIGNATURE'
  | 'LOG_BODY_DIGEST'
  | 'LOG_BODY_KEY'
  | 'LOG_KEY_NOT_VALID_THEN'
  | 'TIME_MISSING'
  | 'TIMESTAMP_INVALID'
  // trust: identity
  | 'POLICY_INVALID'
  | 'IDENTITY_MISMATCH'
  | 'VERIFICATION_ERROR'
  // attachments: what hangs on an image in a registry
  | 'MANIFEST_INVALID'
  | 'ATTACHMENT_NOT_LISTED'
  | 'ATTACHMENT_TAG_INVALID'
  | 'ATTACHMENT_TAG_REFUSED'
  | 'ATTACHMENT_TOO_MANY'
  | 'ATTACHMENT_UNREADABLE'
  | 'ATTACHMENT_ELSEWHERE'

/** A failure with a stable code. */
export class KeylessError extends Error {
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'KeylessError'
    this.code = code
  }
}
