import { type KeyObject, generateKeyPairSync, sign } from 'node:crypto'
import { extension, sha256, spki } from './certificate.ts'
import { octets } from './der.ts'

/** A certificate transparency log: it only promises (RFC 6962 §3.2), nobody asks it for proofs. */
export type CtLog = { publicKey: KeyObject; promise(precert: Precert, at: Date): Buffer }

/** A precertificate as a log sees it: TBSCertificate without SCTs, and who will issue it. */
export type Precert = { toBeSigned: Buffer; issuer: KeyObject }

/** A big-endian number of so many bytes. */
function number(value: number, bytes: number): Buffer {
  return Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex')
}

/** A log with a new key. `promise` gives a SignedCertificateTimestamp in its TLS encoding. */
export function createCtLog(): CtLog {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const promise = (precert: Precert, at: Date): Buffer => {
    const time = number(at.getTime(), 8)
    const noExtensions = number(0, 2)
    const signed = Buffer.concat([
      number(0, 1), // v1
      number(0, 1), // certificate_timestamp
      time,
      number(1, 2), // precert_entry
      sha256(spki(precert.issuer)),
      number(precert.toBeSigned.length, 3),
      precert.toBeSigned,
      noExtensions
    ])
    const signature = sign('sha256', signed, privateKey)
    return Buffer.concat([
      number(0, 1),
      sha256(spki(publicKey)),
      time,
      noExtensions,
      number(4, 1), // sha256
      number(3, 1), // ecdsa
      number(signature.length, 2),
      signature
    ])
  }
  return { publicKey, promise }
}

/** The certificate extension with one SCT in its list (RFC 6962 §3.3). */
export function sctExtension(sct: Buffer): Buffer {
  const list = Buffer.concat([number(sct.length + 2, 2), number(sct.length, 2), sct])
  return extension('1.3.6.1.4.1.11129.2.4.2', octets(list))
}
