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
  // subjects
  | 'NO_SUBJECT'
  | 'FILE_NOT_REGULAR'
  | 'FILE_OUTSIDE_WORKSPACE'
  | 'FILE_UNREADABLE'
  | 'FILE_CHANGED'
  | 'FILE_IS_DSSE'
  | 'FILE_IS_LFS_POINTER'
  // storage
  | 'WRITE_FAILED'
  | 'NO_BUNDLE'
  | 'BUNDLE_UNREADABLE'
  // Sigstore services and the way to them (src/http.ts, src/sigstore)
  | 'SERVICE_URL_INSECURE'
  | 'SERVICE_UNREACHABLE'
  | 'SERVICE_UNAVAILABLE'
  | 'SERVICE_REFUSED'
  | 'SERVICE_REDIRECTED'
  | 'SERVICE_ANSWER_INVALID'
  | 'REQUEST_EXPIRED'
  | 'TOKEN_UNAVAILABLE'
  | 'TOKEN_INVALID'
  | 'TOKEN_WRONG_AUDIENCE'
  | 'TOKEN_WRONG_ISSUER'
  | 'CLOCK_WRONG'
  | 'FULCIO_REFUSED_TOKEN'
  | 'SIGNING_CONFIG_INVALID'
  | 'SIGNING_CONFIG_NO_SERVICE'
  | 'REKOR_V2_UNSUPPORTED'
  | 'NO_PROGRESS'

/** A failure with a stable code. */
export class KeylessError extends Error {
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'KeylessError'
    this.code = code
  }
}
