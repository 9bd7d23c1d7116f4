import { VerificationError } from '@sigstore/verify'
import { KeylessError, type Code } from '../errors.ts'

type Reason = { code: Code; sentence: string }

const REASONS: Partial<Record<VerificationError['code'], Reason>> = {
  TIMESTAMP_ERROR: {
    code: 'TIMESTAMP_INVALID',
    sentence: 'A timestamp in the bundle was not made by a listed authority over this signature'
  },
  TLOG_ERROR: {
    code: 'LOG_ENTRY_INVALID',
    sentence: 'The log entries in the bundle are not what they must be'
  },
  TLOG_INCLUSION_PROMISE_ERROR: {
    code: 'LOG_PROMISE_INVALID',
    sentence: 'The signed entry timestamp in the bundle was not made by the log over this entry'
  },
  TLOG_INCLUSION_PROOF_ERROR: {
    code: 'LOG_PROOF_INVALID',
    sentence: 'The inclusion proof in the bundle does not show that the log has this entry'
  },
  TLOG_MISSING_INCLUSION_ERROR: {
    code: 'LOG_PROOF_INVALID',
    sentence: 'Nothing in the bundle shows that the log has this entry'
  },
  TLOG_BODY_ERROR: {
    code: 'LOG_ENTRY_INVALID',
    sentence: 'The log entry in the bundle is about something else'
  }
}

// The library has one code for all that can be wrong with a certificate.
const CERTIFICATE_REASONS: [RegExp, Reason][] = [
  [
    /SCT/,
    {
      code: 'SCT_INVALID',
      sentence:
        'The certificate in the bundle was not recorded by a listed certificate transparency log'
    }
  ],
  [
    /certificate chain/,
    {
      code: 'CERTIFICATE_NOT_VALID_THEN',
      sentence:
        'The certificate in the bundle, or the authority above it, was not valid when the signature was made'
    }
  ]
]

/** The library's error as one of ours; what is none of its own is returned as it is. */
export function translate(error: unknown): unknown {
  if (!(error instanceof VerificationError)) return error
  const reason = REASONS[error.code] ??
    CERTIFICATE_REASONS.find(([words]) => words.test(error.message))?.[1] ?? {
      code: 'CERTIFICATE_INVALID' as const,
      sentence: 'The certificate in the bundle does not verify'
    }
  return new KeylessError(reason.code, `${reason.sentence} (${error.message.slice(0, 200)}).`, {
    cause: error
  })
}
