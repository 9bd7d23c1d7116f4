import { dsse } from '@sigstore/core'
import { at, put } from '../../trust/edit.ts'
import { FILE, PREDICATE, statement } from '../../trust/instance.ts'
import { instance, testRows, type Given } from './gate.ts'

const inputs = { 'predicate-type': PREDICATE }
const says = (changes: unknown): Given => ({ made: { statement: changes }, inputs })
const other = instance.sign()
const twice = (old: unknown): unknown[] => [old, old].flat()

/** What a bundle says was signed. */
testRows(
  [
    says(statement()),
    says(statement({ _type: 'https://in-toto.io/Statement/v0.1' })),
    { inputs: { 'predicate-type': 'signature' } }
  ],
  [
    [
      1,
      'PREDICATE_TYPE_MISMATCH',
      'an attestation of none of the required types',
      { ...says(statement()), inputs: { 'predicate-type': `${PREDICATE}.1` } }
    ],
    [
      1,
      'NOT_A_MESSAGE_SIGNATURE',
      'one of two things that are required',
      { ...says(statement()), inputs: { 'predicate-type': `${PREDICATE}\nsignature` } }
    ],

    [
      4,
      'PAYLOAD_TYPE',
      'another payload type',
      { made: { statement: statement(), payloadType: 'application/json' }, inputs }
    ],
    [
      4,
      'STATEMENT_INVALID',
      'a statement of v2',
      says(statement({ _type: 'https://in-toto.io/Statement/v2' }))
    ],
    [4, 'STATEMENT_INVALID', 'a list', says([])],
    [4, 'STATEMENT_INVALID', 'no subject', says(statement({ subject: [] }))],
    [
      4,
      'STATEMENT_INVALID',
      'a digest algorithm in another spelling',
      says(statement({ subject: [{ digest: { SHA256: 'ab' } }] }))
    ],
    [4, 'JSON_INVALID', 'a payload that is no JSON', says('hello')],
    [
      4,
      'BUNDLE_SIGNATURE_COUNT',
      'an envelope without a signature',
      { ...says(statement()), edit: put('dsseEnvelope.signatures', []) }
    ],
    [
      4,
      'BUNDLE_SIGNATURE_COUNT',
      'an envelope with two',
      { ...says(statement()), edit: put('dsseEnvelope.signatures', twice) }
    ],

    [
      5,
      'SUBJECT_MISMATCH',
      'a statement about other bytes',
      { ...says(statement()), file: Buffer.from('other') }
    ],
    [
      5,
      'SUBJECT_MISMATCH',
      'another sha512, where that is all there is',
      says(statement({ subject: [{ digest: { sha512: 'f'.repeat(128) } }] }))
    ],
    [
      5,
      'SUBJECT_MISMATCH',
      'the digest under the name of another algorithm',
      says(
        statement({
          subject: [{ digest: { md5: String(at(statement(), 'subject.0.digest.sha256')) } }]
        })
      )
    ],

    [6, 'DIGEST_MISMATCH', "another file's signature", { file: Buffer.from('other') }],
    [
      6,
      'FIELD_INVALID',
      'a hash that nobody should use',
      { edit: put('messageSignature.messageDigest.algorithm', 'SHA1') }
    ],
    [6, 'NOT_A_STATEMENT', 'a signature where an attestation is required', { inputs }],
    [
      16,
      'NOT_A_MESSAGE_SIGNATURE',
      'an attestation under the right identity',
      { made: { statement: statement() } }
    ],
    [
      16,
      'FILE_IS_DSSE',
      'a file that is what an attestation is made over',
      { made: { file: pae() }, file: pae() }
    ],
    [
      7,
      'SIGNATURE_INVALID',
      'the signature of another key',
      { edit: put('messageSignature.signature', at(other, 'messageSignature.signature')) }
    ],
    [
      7,
      'SIGNATURE_INVALID',
      'a statement that was changed afterwards',
      {
        ...says(statement()),
        edit: put(
          'dsseEnvelope.payload',
          Buffer.from(JSON.stringify(statement({ predicate: { by: 'me' } }))).toString('base64')
        )
      }
    ]
  ]
)

function pae(): Buffer {
  return dsse.preAuthEncoding('application/vnd.in-toto+json', FILE)
}
