import { describe, expect, it } from '@jest/globals'
import { VerificationError } from '@sigstore/verify'
import { translate } from '../../src/trust/reasons.ts'

type LibraryCode = VerificationError['code']

describe('translate', () => {
  it.each<[string, string, LibraryCode, string]>([
    [
      'TIMESTAMP_INVALID',
      'A timestamp in the bundle was not made by a listed authority over this signature',
      'TIMESTAMP_ERROR',
      'x'
    ],
    [
      'LOG_ENTRY_INVALID',
      'The log entries in the bundle are not what they must be',
      'TLOG_ERROR',
      'x'
    ],
    [
      'LOG_PROMISE_INVALID',
      'The signed entry timestamp in the bundle was not made by the log over this entry',
      'TLOG_INCLUSION_PROMISE_ERROR',
      'x'
    ],
    [
      'LOG_PROOF_INVALID',
      'The inclusion proof in the bundle does not show that the log has this entry',
      'TLOG_INCLUSION_PROOF_ERROR',
      'x'
    ],
    [
      'LOG_PROOF_INVALID',
      'Nothing in the bundle shows that the log has this entry',
      'TLOG_MISSING_INCLUSION_ERROR',
      'x'
    ],
    [
      'LOG_ENTRY_INVALID',
      'The log entry in the bundle is about something else',
      'TLOG_BODY_ERROR',
      'x'
    ],
    [
      'SCT_INVALID',
      'The certificate in the bundle was not recorded by a listed certificate transparency log',
      'CERTIFICATE_ERROR',
      'SCT verification failed'
    ],
    [
      'CERTIFICATE_NOT_VALID_THEN',
      'The certificate in the bundle, or the authority above it, was not valid when the signature was made',
      'CERTIFICATE_ERROR',
      'Failed to verify certificate chain'
    ],
    [
      'CERTIFICATE_INVALID',
      'The certificate in the bundle does not verify',
      'CERTIFICATE_ERROR',
      'anything else'
    ]
  ])('gives %s: %s', (code, sentence, theirs, message) => {
    const error = new VerificationError({ code: theirs, message })
    expect(translate(error)).toMatchObject({
      code,
      message: `${sentence} (${message}).`,
      cause: error
    })
  })

  it('cuts what the library says', () => {
    const error = new VerificationError({ code: 'TLOG_ERROR', message: 'x'.repeat(201) })
    expect(translate(error)).toMatchObject({
      message: expect.stringMatching(/ \(x{200}\)\.$/) as unknown
    })
  })

  it('leaves alone what is not of the library', () => {
    const error = new Error('x')
    expect(translate(error)).toBe(error)
  })
})
