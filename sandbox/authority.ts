import { type KeyObject, generateKeyPairSync } from 'node:crypto'
import { certify, extension, keyIdentifiers, name, newSerial, usage } from './certificate.ts'
import * as der from './der.ts'

/** A certificate with its private key, and the way up to its root. */
export type Authority = {
  organization: string
  commonName: string
  name: Buffer
  key: KeyObject
  publicKey: KeyObject
  /** DER, its own certificate first, the root last. */
  chain: Buffer[]
}

const DAY = 24 * 60 * 60 * 1000

type Kind = { commonName: string; curve: 'P-256' | 'P-384'; extensions: Buffer[] }

/** Makes a key and its certificate, signed by `parent`, or by itself where there is none. */
function create(organization: string, kind: Kind, parent?: Authority): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: kind.curve })
  const subject = name(organization, kind.commonName)
  const fields = {
    issuer: parent?.name ?? subject,
    subject,
    // A day back, so that tests which set a clock back find the authority in force.
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + 3650 * DAY),
    publicKey,
    serial: newSerial(),
    extensions: [...kind.extensions, ...keyIdentifiers(publicKey, parent?.publicKey ?? publicKey)]
  }
  const certificate = certify(fields, parent?.key ?? privateKey)
  return {
    organization,
    commonName: kind.commonName,
    name: subject,
    key: privateKey,
    publicKey,
    chain: [certificate, ...(parent?.chain ?? [])]
  }
}

const mayCertify = (pathLength: number): Buffer[] => [
  extension('2.5.29.19', der.sequence(der.boolean(true), der.integer(pathLength)), true),
  usage.certificateAndCrlSign
]

/** Root and intermediate, as Fulcio's public instance has them: P-384. */
export function createCodeSigningAuthority(): Authority {
  const root = create('sigstore.sandbox', {
    commonName: 'sandbox-fulcio-root',
    curve: 'P-384',
    extensions: mayCertify(1)
  })
  return create(
    root.organization,
    {
      commonName: 'sandbox-fulcio-intermediate',
      curve: 'P-384',
      extensions: [...mayCertify(0), usage.codeSigning]
    },
    root
  )
}

/** A root and the certificate that signs timestamps, each with its own key. */
export function createTimestampAuthority(): Authority {
  const root = create('sigstore.sandbox', {
    commonName: 'sandbox-tsa-root',
    curve: 'P-384',
    extensions: mayCertify(0)
  })
  return create(
    root.organization,
    {
      commonName: 'sandbox-tsa',
      curve: 'P-256',
      extensions: [usage.digitalSignature, usage.timeStamping]
    },
    root
  )
}
