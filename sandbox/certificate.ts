import { type KeyObject, createHash, createPublicKey, randomBytes, sign } from 'node:crypto'
import * as der from './der.ts'

/** What an X.509 certificate (RFC 5280) says, before somebody signs it. */
export type Fields = {
  issuer: Buffer
  subject: Buffer
  notBefore: Date
  notAfter: Date
  publicKey: KeyObject
  extensions: Buffer[]
  serial: bigint
}

/** Positive, random and under 20 bytes (RFC 5280 §4.1.2.2). */
export const newSerial = (): bigint => BigInt(`0x40${randomBytes(18).toString('hex')}`)

/** A distinguished name of organization and common name. */
export const name = (organization: string, commonName: string): Buffer =>
  der.sequence(
    der.set(der.sequence(der.oid('2.5.4.10'), der.utf8(organization))),
    der.set(der.sequence(der.oid('2.5.4.3'), der.utf8(commonName)))
  )

export const spki = (key: KeyObject): Buffer =>
  (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'der', type: 'spki' })

export const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest()

/** Every key that signs in the sandbox is P-256 (with SHA-256) or P-384 (with SHA-384). */
export function signatureOf(key: KeyObject): { hash: string; algorithm: Buffer } {
  const large = key.asymmetricKeyDetails?.namedCurve === 'secp384r1'
  return {
    hash: large ? 'sha384' : 'sha256',
    algorithm: der.sequence(der.oid(large ? '1.2.840.10045.4.3.3' : '1.2.840.10045.4.3.2'))
  }
}

/** TBSCertificate, which a CT log signs too (RFC 6962 §3.2). */
export const toBeSigned = (fields: Fields, issuerKey: KeyObject): Buffer =>
  der.sequence(
    der.context(0, der.integer(2)),
    der.integer(fields.serial),
    signatureOf(issuerKey).algorithm,
    fields.issuer,
    der.sequence(der.utcTime(fields.notBefore), der.utcTime(fields.notAfter)),
    fields.subject,
    spki(fields.publicKey),
    der.context(3, der.sequence(...fields.extensions))
  )

/** The certificate in DER. */
export function certify(fields: Fields, issuerKey: KeyObject): Buffer {
  const { hash, algorithm } = signatureOf(issuerKey)
  const tbs = toBeSigned(fields, issuerKey)
  return der.sequence(tbs, algorithm, der.bits(sign(hash, tbs, issuerKey)))
}

/** DER as PEM, with the final newline. */
export function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

export const extension = (id: string, value: Uint8Array, critical = false): Buffer =>
  der.sequence(der.oid(id), ...(critical ? [der.boolean(true)] : []), der.octets(value))

const keyIdentifier = (key: KeyObject): Buffer => sha256(spki(key)).subarray(0, 20)

/** Subject and authority key identifiers, which OpenSSL and Python follow along a chain. */
export const keyIdentifiers = (subject: KeyObject, issuer: KeyObject): Buffer[] => [
  extension('2.5.29.14', der.octets(keyIdentifier(subject))),
  extension('2.5.29.35', der.sequence(der.element(0x80, keyIdentifier(issuer))))
]

export const usage = {
  digitalSignature: extension('2.5.29.15', der.bits(Buffer.from([0x80]), 7), true),
  certificateAndCrlSign: extension('2.5.29.15', der.bits(Buffer.from([0x06]), 1), true),
  codeSigning: extension('2.5.29.37', der.sequence(der.oid('1.3.6.1.5.5.7.3.3'))),
  timeStamping: extension('2.5.29.37', der.sequence(der.oid('1.3.6.1.5.5.7.3.8')), true)
}
