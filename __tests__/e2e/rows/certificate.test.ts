import { generateKeyPairSync } from 'node:crypto'
import { extension, usage } from '../../../sandbox/certificate.ts'
import * as der from '../../../sandbox/der.ts'
import { at, drop, put, textAt, type Edit } from '../../trust/edit.ts'
import { instance, stranger, testRows, type Case } from './gate.ts'

const CERTIFICATE = 'verificationMaterial.certificate'
const V02 = 'application/vnd.dev.sigstore.bundle+json;version=0.2'
const V03 = 'application/vnd.dev.sigstore.bundle+json;version=0.3'
const SAN = '2.5.29.17'
const WORKFLOW =
  'https://github.com/octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'

const without = (honest: Buffer[], each: Buffer): Buffer[] =>
  honest.filter(other => !other.equals(each))
const named = (honest: Buffer[], ...names: Buffer[]): Buffer[] => [
  ...honest.filter(each => !each.includes(der.oid(SAN))),
  ...(names.length > 0 ? [extension(SAN, der.sequence(...names), true)] : [])
]
const uri = (text: string): Buffer => der.element(0x86, Buffer.from(text))

const has = (code: Case[1], what: string, extensions: (honest: Buffer[]) => Buffer[]): Case => [
  9,
  code,
  `a leaf with ${what}`,
  { made: { extensions } }
]

/** A chain in place of the leaf. */
function chain(mediaType: string, ...above: Buffer[]): Edit {
  return bundle => {
    const rest = above.map(each => ({ rawBytes: each.toString('base64') }))
    const certificates = [at(bundle, CERTIFICATE), ...rest]
    put('mediaType', mediaType)(bundle)
    drop(CERTIFICATE)(bundle)
    put('verificationMaterial.x509CertificateChain', { certificates })(bundle)
  }
}

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** Who may sign. */
testRows(
  [{}, { edit: chain(V02) }, { made: { extensions: e => named(e, uri(WORKFLOW)) } }],
  [
    has('CERTIFICATE_NOT_CODE_SIGNING', 'no extended key usage', e =>
      without(e, usage.codeSigning)
    ),
    has('CERTIFICATE_KEY_USAGE', 'no key usage', e => without(e, usage.digitalSignature)),
    has('CERTIFICATE_IS_CA', 'the constraint of an authority', e => [
      ...e,
      extension('2.5.29.19', der.sequence(der.boolean(true)), true)
    ]),
    has('CERTIFICATE_IS_CA', 'the right to sign certificates', e => [
      ...without(e, usage.digitalSignature),
      extension('2.5.29.15', der.bits(Buffer.from([0x84]), 2), true)
    ]),
    has('CERTIFICATE_CRITICAL_EXTENSION', 'a critical extension that nobody knows', e => [
      ...e,
      extension('1.2.3.4', der.utf8('x'), true)
    ]),
    has('CERTIFICATE_SUBJECT_NAMES', 'two names', e =>
      named(e, uri(WORKFLOW), uri('https://github.com/other'))
    ),
    has('CERTIFICATE_SUBJECT_NAMES', 'no name', e => named(e)),
    has('CERTIFICATE_SUBJECT_NAMES', 'the name of a host', e =>
      named(e, der.element(0x82, Buffer.from('github.com')))
    ),
    has('CERTIFICATE_MALFORMED', 'a claim twice', e => [
      ...e,
      extension('1.3.6.1.4.1.57264.1.9', der.utf8('https://other'))
    ]),
    [
      9,
      'CERTIFICATE_MALFORMED',
      'bytes behind the certificate',
      {
        edit: put(`${CERTIFICATE}.rawBytes`, (old: unknown) =>
          Buffer.concat([Buffer.from(String(old), 'base64'), Buffer.from('x')]).toString('base64')
        )
      }
    ],
    [9, 'CERTIFICATE_CHAIN', 'a chain of two', { edit: chain(V02, ...instance.fulcio.chain) }],
    [9, 'CERTIFICATE_CHAIN', 'the chain form in v0.3', { edit: chain(V03) }],
    [
      9,
      'UNKNOWN_AUTHORITY',
      'a leaf of another CA of the same name',
      { made: { ca: stranger.fulcio } }
    ],

    [10, 'BUNDLE_HAS_KEY', 'a hint at a key', { made: { key } }],
    [
      10,
      'BUNDLE_HAS_KEY',
      'the key itself',
      {
        made: { key },
        edit: put('verificationMaterial.publicKey', {
          hint: 'x',
          rawBytes: key.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
        })
      }
    ],
    [9, 'UNKNOWN_AUTHORITY', 'a leaf one bit of which changed', { edit: flipped }]
  ]
)

function flipped(bundle: Record<string, unknown>): void {
  const bytes = Buffer.from(textAt(bundle, `${CERTIFICATE}.rawBytes`), 'base64')
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
  put(`${CERTIFICATE}.rawBytes`, bytes.toString('base64'))(bundle)
}
