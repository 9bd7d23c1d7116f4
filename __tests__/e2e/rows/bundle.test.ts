import { all, at, drop, put, type Edit } from '../../trust/edit.ts'
import { PREDICATE, statement } from '../../trust/instance.ts'
import { instance, testRows } from './gate.ts'

const V01 = 'application/vnd.dev.sigstore.bundle+json;version=0.1'
const V02 = 'application/vnd.dev.sigstore.bundle+json;version=0.2'
const STAMPS = 'verificationMaterial.timestampVerificationData.rfc3161Timestamps'

const text = JSON.stringify(instance.sign())
const deep = '['.repeat(65) + ']'.repeat(65)

/** So many in place of the one. */
function times(path: string, count: number): Edit {
  return put(path, (old: unknown) => Array<unknown>(count).fill((old as unknown[])[0]))
}

const attested = {
  made: { statement: statement() },
  inputs: { 'predicate-type': PREDICATE }
}

/** What a bundle is, before anybody asks what it says. */
testRows(
  [{}, attested, { edit: all(put('mediaType', V01), drop('entry.inclusionProof')) }],
  [
    [2, 'BUNDLE_UNREADABLE', 'a bundle over 64 MiB', { bundle: `${text}${' '.repeat(2 ** 26)}` }],
    [
      2,
      'JSON_TOO_LARGE',
      'one that is larger when it is read as text',
      { bundle: Buffer.alloc(2 ** 25, 0xff) }
    ],
    [
      2,
      'BUNDLE_TOO_MANY',
      '33 log entries',
      { edit: times('verificationMaterial.tlogEntries', 33) }
    ],
    [2, 'BUNDLE_TOO_MANY', '33 timestamps', { edit: times(STAMPS, 33) }],
    [
      2,
      'BUNDLE_TOO_MANY',
      '1,025 subjects',
      {
        ...attested,
        made: {
          statement: statement({ subject: Array(1025).fill(at(statement(), 'subject.0')) })
        }
      }
    ],
    [
      2,
      'JSON_DUPLICATE_KEY',
      'a key twice',
      { bundle: text.replace('{', '{"mediaType":"application/json",') }
    ],
    [
      2,
      'JSON_DUPLICATE_KEY',
      'a key twice with the same value, once escaped',
      {
        bundle: text.replace(
          '{',
          '{"media\\u0054ype":"application/vnd.dev.sigstore.bundle.v0.3+json",'
        )
      }
    ],
    [2, 'UNKNOWN_FIELD', 'a field that bundles do not have', { edit: put('entry.x', 1) }],
    [2, 'FIELD_INVALID', 'a field of another type', { edit: put('entry.logIndex', '0x1') }],
    [
      2,
      'BUNDLE_CONTENT',
      'a message signature and an envelope',
      { edit: put('dsseEnvelope', at(instance.sign(attested.made), 'dsseEnvelope')) }
    ],
    [2, 'BUNDLE_CONTENT', 'neither', { edit: drop('messageSignature') }],
    [2, 'JSON_TOO_DEEP', '65 levels', { bundle: text.replace(/}$/, `,"x":${deep}}`) }],
    [2, 'JSON_INVALID', 'half a bundle', { bundle: text.slice(0, text.length / 2) }],

    ...[`${V01}.1`, `${V02} `, 'application/vnd.dev.sigstore.bundle+json;version=0.4', 'x'].map(
      (mediaType): [3, 'BUNDLE_MEDIA_TYPE', string, { edit: Edit }] => [
        3,
        'BUNDLE_MEDIA_TYPE',
        `the media type "${mediaType}"`,
        { edit: put('mediaType', mediaType) }
      ]
    ),
    [
      3,
      'BUNDLE_NO_INCLUSION',
      'v0.1 with neither promise nor proof',
      {
        edit: all(
          put('mediaType', V01),
          drop('entry.inclusionProof'),
          drop('entry.inclusionPromise')
        )
      }
    ],
    [
      3,
      'BUNDLE_NO_INCLUSION',
      'v0.2 with a promise alone',
      { edit: all(put('mediaType', V02), drop('entry.inclusionProof')) }
    ],
    [
      3,
      'BUNDLE_NO_INCLUSION',
      'v0.3 with a proof without a checkpoint',
      { edit: drop('entry.inclusionProof.checkpoint') }
    ]
  ]
)
