import { drop, put, textAt, type Edit, type Json } from '../../trust/edit.ts'
import { Instance, statement } from '../../trust/instance.ts'
import { instance, stranger, testRows, type Case, type Given } from './gate.ts'

const STAMP = 'verificationMaterial.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp'
const V1 = 'spec.signature'
const V2 = 'spec.hashedRekordV002'

const past = new Date(Date.now() - 3_600_000).toISOString()
const future = new Date(Date.now() + 3_600_000).toISOString()
const otherRoot = stranger.rootJson()
const github = new Instance('GitHub, Inc.')
const bare = (root: Instance): Json => ({ ...root.rootJson(), tlogs: [], ctlogs: [] })

/** The same of an honest bundle of another file's signing: valid, and not ours. */
function others(log: 'v1' | 'v2', path: string): unknown {
  const body = textAt(instance.sign({ log }), 'entry.canonicalizedBody')
  let node = JSON.parse(Buffer.from(body, 'base64').toString()) as Record<string, unknown>
  for (const key of path.split('.')) node = node[key] as Record<string, unknown>
  return node
}

const body = (log: 'v1' | 'v2', path: string, value = others(log, path)): Given => ({
  made: { log, body: put(path, value) }
})

const withoutStart = (path: string): Case => [
  8,
  'TRUSTED_ROOT_NO_START',
  `a trusted root whose ${path} has no start`,
  { root: drop(`${path}.validFor.start`) }
]

const entry = (code: Case[1], what: string, edit: Edit): Case => [
  7,
  code,
  `an entry whose ${what} changed afterwards`,
  { edit }
]

/** Who saw a signature. */
testRows(
  [{}, { made: { log: 'v2' } }, { made: { log: 'none', sct: false }, root: bare(instance) }],
  [
    [7, 'LOG_BODY_SIGNATURE', 'a v1 entry of another signature', body('v1', `${V1}.content`)],
    [
      7,
      'LOG_BODY_SIGNATURE',
      'a v2 entry of another signature',
      body('v2', `${V2}.signature.content`)
    ],
    [
      7,
      'LOG_BODY_DIGEST',
      'a v1 entry of another digest',
      body('v1', 'spec.data.hash.value', 'f'.repeat(64))
    ],
    [7, 'LOG_BODY_DIGEST', 'a v2 entry of another digest', body('v2', `${V2}.data.digest`, 'AAAA')],
    [7, 'LOG_BODY_KEY', 'a v1 entry under another certificate', body('v1', `${V1}.publicKey`)],
    [
      7,
      'LOG_BODY_KEY',
      'a v2 entry under another certificate',
      body('v2', `${V2}.signature.verifier`)
    ],
    [
      7,
      'LOG_BODY_KEY',
      'a v1 entry under the bare key of the certificate',
      {
        made: {
          body: put(`${V1}.publicKey.content`, (old: unknown) =>
            Buffer.from(
              Buffer.from(String(old), 'base64').toString().replaceAll('CERTIFICATE', 'PUBLIC KEY')
            ).toString('base64')
          )
        }
      }
    ],
    [
      7,
      'LOG_ENTRY_KIND',
      'an entry that cannot tell a file from an envelope',
      { made: { kind: 'dsse' } }
    ],
    entry('LOG_ENTRY_KIND', 'kind', put('entry.kindVersion.kind', 'rpm')),
    entry('LOG_ENTRY_INVALID', 'version', put('entry.kindVersion.version', '0.0.2')),
    entry(
      'LOG_PROMISE_INVALID',
      'time',
      put('entry.integratedTime', (old: unknown) => String(Number(old) + 1))
    ),
    entry('LOG_PROMISE_INVALID', 'index', put('entry.logIndex', '7')),
    entry('LOG_PROOF_INVALID', 'proof', put('entry.inclusionProof.hashes', [])),
    entry('LOG_PROOF_INVALID', 'checkpoint', put('entry.inclusionProof.checkpoint.envelope', 'x')),
    [
      7,
      'LOG_ENTRY_INVALID',
      'the same entry twice',
      {
        made: { log: 'v2' },
        edit: put('verificationMaterial.tlogEntries', (old: unknown) => [old, old].flat())
      }
    ],
    [
      7,
      'LOG_UNKNOWN',
      'an entry of a log that nobody listed',
      { root: put('tlogs', otherRoot.tlogs) }
    ],
    [
      7,
      'LOG_ORIGIN',
      'a checkpoint of another log under the same key',
      { made: { origin: 'log.test.evil - 1' } }
    ],

    [
      8,
      'LOG_PROMISE_INVALID',
      'a key of a v1 log that had ended',
      { root: put('tlogs.0.publicKey.validFor.end', past) }
    ],
    [
      8,
      'LOG_KEY_NOT_VALID_THEN',
      'a key of a v2 log that had ended',
      { made: { log: 'v2' }, root: put('tlogs.1.publicKey.validFor.end', past) }
    ],
    [
      8,
      'LOG_KEY_NOT_VALID_THEN',
      'a key of a v2 log that had not begun',
      { made: { log: 'v2' }, root: put('tlogs.1.publicKey.validFor.start', future) }
    ],
    [
      8,
      'CERTIFICATE_NOT_VALID_THEN',
      'a CA that had ended',
      { root: put('certificateAuthorities.0.validFor.end', past) }
    ],
    [
      8,
      'CERTIFICATE_NOT_VALID_THEN',
      'a certificate that had ended',
      { made: { witnessed: new Date(Date.now() + 20 * 60_000) } }
    ],
    [
      8,
      'TIMESTAMP_INVALID',
      'a timestamp authority that had ended',
      { root: put('timestampAuthorities.0.validFor.end', past) }
    ],
    withoutStart('certificateAuthorities.0'),
    withoutStart('timestampAuthorities.0'),
    withoutStart('tlogs.0.publicKey'),
    withoutStart('ctlogs.0.publicKey'),
    [8, 'TRUSTED_ROOT_MEDIA_TYPE', 'another file as trusted root', { root: {} }],
    [
      8,
      'TRUSTED_ROOT_INVALID',
      'a trusted root with a key that is none',
      { root: put('tlogs.0.publicKey.rawBytes', 'AAAA') }
    ],

    [14, 'SCT_MISSING', 'no SCT', { made: { sct: false } }],
    [14, 'SCT_INVALID', 'an SCT of another CT log', { root: put('ctlogs', otherRoot.ctlogs) }],
    [14, 'LOG_ENTRY_MISSING', 'no log entry', { made: { log: 'none' } }],
    [
      14,
      'LOG_ENTRY_MISSING',
      'no log entry of an attestation',
      {
        made: { log: 'none', statement: statement() },
        inputs: { 'predicate-type': 'https://slsa.dev/provenance/v1' }
      }
    ],
    [
      14,
      'TIME_MISSING',
      'no verified time with Rekor v2',
      { made: { log: 'v2', timestamp: false } }
    ],
    [
      14,
      'TIME_MISSING',
      'a time of Rekor v1 that nobody signed',
      { made: { timestamp: false }, edit: drop('entry.inclusionPromise') }
    ],
    [
      14,
      'TIMESTAMP_INVALID',
      'a timestamp of another signature',
      { edit: put(STAMP, instance.stamp(Buffer.from('x'), new Date())) }
    ],
    [14, 'TIMESTAMP_INVALID', 'a timestamp that is none', { edit: put(STAMP, 'MAMCAQI=') }],
    [
      14,
      'GITHUB_INSTANCE_FOR_PUBLIC',
      "GitHub's instance for a public repository",
      { bundle: github.sign({ log: 'none', sct: false }), root: bare(github) }
    ]
  ]
)
