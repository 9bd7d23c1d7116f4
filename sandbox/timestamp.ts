import { createHash, sign } from 'node:crypto'
import { ASN1Obj } from '@sigstore/core'
import type { Authority } from './authority.ts'
import { newSerial, sha256, signatureOf } from './certificate.ts'
import * as der from './der.ts'
import { Refusal } from './server.ts'

/** What a client asks of a TSA (RFC 3161 §2.4.1); DER that it takes over as it stands. */
export type TimestampRequest = { imprint: Buffer; nonce?: Buffer; certificates: boolean }

const ID = {
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  timestampInfo: '1.2.840.113549.1.9.16.1.4',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  sha256: '2.16.840.1.101.3.4.2.1',
  policy: '1.3.6.1.4.1.57264.2'
}

const HASHES: Record<string, number> = {
  '2.16.840.1.101.3.4.2.1': 32,
  '2.16.840.1.101.3.4.2.2': 48,
  '2.16.840.1.101.3.4.2.3': 64
}

/** @throws Refusal for what is no request, or not over SHA-256, SHA-384 or SHA-512 */
export function parseTimestampRequest(body: Buffer): TimestampRequest {
  let elements: ASN1Obj[]
  try {
    elements = ASN1Obj.parseBuffer(Buffer.from(body)).subs
  } catch {
    throw new Refusal(400, 'Error parsing timestamp request')
  }
  const [version, imprint, ...optional] = elements
  const length = HASHES[imprint?.subs[0]?.subs[0]?.toOID() ?? '']
  if (!version || !imprint || !length || imprint.subs[1]?.value.length !== length) {
    throw new Refusal(400, 'Error parsing timestamp request')
  }
  const nonce = optional.find(({ tag }) => tag.isUniversal() && tag.number === 0x02)
  const certificates = optional.find(({ tag }) => tag.isUniversal() && tag.number === 0x01)
  return {
    imprint: imprint.toDER(),
    ...(nonce === undefined ? {} : { nonce: nonce.toDER() }),
    certificates: certificates?.toBoolean() ?? false
  }
}

const attribute = (id: string, value: Buffer): Buffer => der.sequence(der.oid(id), der.set(value))

/** The issuer and serial number of a certificate, as they stand in it. */
function issuerAndSerial(certificate: Buffer): { issuer: Buffer; serial: Buffer } {
  const fields = ASN1Obj.parseBuffer(Buffer.from(certificate)).subs[0]?.subs ?? []
  const [, serial, , issuer] = fields
  if (serial === undefined || issuer === undefined) throw new Error('not a certificate')
  return { issuer: issuer.toDER(), serial: serial.toDER() }
}

/** TSTInfo (RFC 3161 §2.4.2). The time is in whole seconds. */
const timestampInfo = (request: TimestampRequest, at: Date): Buffer =>
  der.sequence(
    der.integer(1),
    der.oid(ID.policy),
    request.imprint,
    der.integer(newSerial()),
    der.generalizedTime(at),
    der.sequence(der.integer(1)), // accurate to a second
    ...(request.nonce === undefined ? [] : [request.nonce])
  )

/** The attributes that CMS (RFC 5652 §5.4) signs in place of the content. */
function signedAttributes(certificate: Buffer, info: Buffer, at: Date): Buffer {
  const { issuer, serial } = issuerAndSerial(certificate)
  const certificateId = der.sequence(
    der.octets(sha256(certificate)),
    der.sequence(der.sequence(der.context(4, issuer)), serial)
  )
  return der.set(
    attribute(ID.contentType, der.oid(ID.timestampInfo)),
    attribute(ID.signingTime, der.utcTime(at)),
    attribute(ID.messageDigest, der.octets(createHash('sha256').update(info).digest())),
    attribute(ID.signingCertificateV2, der.sequence(der.sequence(certificateId)))
  )
}

/** A TimeStampResp in DER that grants the request. */
export function timestamp(authority: Authority, request: TimestampRequest, at: Date): Buffer {
  const [certificate = Buffer.alloc(0)] = authority.chain
  const info = timestampInfo(request, at)
  const attributes = signedAttributes(certificate, info, at)
  const { issuer, serial } = issuerAndSerial(certificate)
  const digestAlgorithm = der.sequence(der.oid(ID.sha256))
  const implicitAttributes = Buffer.from(attributes)
  // Signed as a SET OF, sent as [0] IMPLICIT (RFC 5652 §5.4).
  implicitAttributes[0] = 0xa0
  const signer = der.sequence(
    der.integer(1),
    der.sequence(issuer, serial),
    digestAlgorithm,
    implicitAttributes,
    signatureOf(authority.key).algorithm,
    der.octets(sign('sha256', attributes, authority.key))
  )
  const signedData = der.sequence(
    der.integer(3), // as the content is no plain data (RFC 5652 §5.1)
    der.set(digestAlgorithm),
    der.sequence(der.oid(ID.timestampInfo), der.context(0, der.octets(info))),
    ...(request.certificates ? [der.context(0, certificate)] : []),
    der.set(signer)
  )
  return der.sequence(
    der.sequence(der.integer(0)), // granted
    der.sequence(der.oid(ID.signedData), der.context(0, signedData))
  )
}
