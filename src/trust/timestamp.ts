import { ASN1Obj } from '@sigstore/core'
import { KeylessError } from '../errors.ts'

const INTEGER = 0x02
const OCTETS = 0x04
const NULL = 0x05
const OID = 0x06
const SEQUENCE = 0x30
const SET = 0x31
/** [0], constructed. */
const FIRST = 0xa0

const SIGNED_DATA = '2a864886f70d010702'
const TST_INFO = '2a864886f70d0109100104'
/**
 * ecdsa-with-SHA256, SHA384 and SHA512 without parameters (RFC 5758 §3.2); rsaEncryption and
 * sha256WithRSAEncryption, perhaps with NULL (RFC 4055 §5). Under any other name @sigstore/core takes
 * SHA-256 for what was meant.
 */
const SIGNATURE_ALGORITHM = /^(06082a8648ce3d04030[234]|06092a864886f70d01010[1b](0500)?)$/

/**
 * Refuses a TimeStampResp that is not laid out as RFC 3161 §2.4.2 and RFC 5652 §5 have it. Only TSTInfo
 * and the attributes of its signer are signed; of the rest @sigstore/core picks by position what it
 * needs and passes over what it does not, down to the status: anyone could write there whatever others
 * read. What is left free are certificates: RFC 5652 §5.1 allows more and fewer than are needed, and
 * those that count are in the trusted root.
 *
 * @throws KeylessError TIMESTAMP_INVALID
 */
export function checkTimestamp(der: Buffer): void {
  const response = parse(der)
  if (response.tag.toDER() !== SEQUENCE) throw malformed()
  const [status, token] = members(response, [SEQUENCE, SEQUENCE])
  // Granted, perhaps with modifications. A text beside it is for people.
  const [granted] = members(status, [INTEGER], SEQUENCE)
  holds(granted, '00', '01')

  const [type, content] = members(token, [OID, FIRST])
  holds(type, SIGNED_DATA)
  const [signedData] = members(content, [SEQUENCE])
  checkSignedData(signedData)
}

function checkSignedData(signedData: ASN1Obj): void {
  const parts =
    signedData.subs.length === 5
      ? members(signedData, [INTEGER, SET, SEQUENCE, FIRST, SET])
      : members(signedData, [INTEGER, SET, SEQUENCE, SET])
  const [version, digests, encapsulated] = parts
  holds(version, '03')
  const [type, content] = members(encapsulated, [OID, FIRST])
  holds(type, TST_INFO)
  const [octets] = members(content, [OCTETS])
  // The library reads, and compares the digest of, what stands first in there.
  members(octets, [SEQUENCE])

  const [signer] = members(parts.length === 5 ? parts[4] : parts[3], [SEQUENCE])
  const digest = checkSigner(signer)
  // RFC 5652 §5.1: a digest that is not in the list may be refused.
  const [listed] = members(digests, [SEQUENCE])
  if (!listed.toDER().equals(digest.toDER())) throw malformed()
}

/** @returns the signer's digest algorithm */
function checkSigner(signer: ASN1Obj): ASN1Obj {
  const parts = members(signer, [INTEGER, SEQUENCE, SEQUENCE, FIRST, SEQUENCE, OCTETS])
  const [version, id, digest, , signature] = parts
  // Of a signer that is named by issuer and serial number, which is how the library looks for it.
  holds(version, '01')
  members(id, [SEQUENCE, INTEGER])
  // Which one it is shows in the signed attributes: their digest of TSTInfo is of its length.
  members(digest, [OID], NULL)
  // Its parameters are absent, or NULL from older signers (RFC 5754 §2).
  const parameters = digest.subs[1]
  if (parameters) holds(parameters, '')
  if (!SIGNATURE_ALGORITHM.test(signature.value.toString('hex'))) throw malformed()
  return digest
}

type Members<T extends readonly number[]> = { [I in keyof T]: ASN1Obj }

/** The members of an element, of exactly these tags and perhaps of those in addition. */
function members<const T extends readonly number[]>(
  element: ASN1Obj,
  tags: T,
  ...more: number[]
): Members<T> {
  const found = element.subs.map(each => each.tag.toDER()).join()
  if (![tags, [...tags, ...more]].some(each => each.join() === found)) throw malformed()
  return element.subs as Members<T>
}

function holds(element: ASN1Obj, ...values: string[]): void {
  if (!values.includes(element.value.toString('hex'))) throw malformed()
}

function parse(der: Buffer): ASN1Obj {
  try {
    return ASN1Obj.parseBuffer(Buffer.from(der))
  } catch (cause) {
    throw malformed(cause)
  }
}

function malformed(cause?: unknown): KeylessError {
  return new KeylessError(
    'TIMESTAMP_INVALID',
    'A timestamp in the bundle is not laid out as RFC 3161 has it; get a bundle that was not changed since it was signed.',
    { cause }
  )
}
