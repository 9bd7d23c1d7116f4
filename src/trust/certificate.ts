import { X509Certificate as OpenSslCertificate, type KeyObject } from 'node:crypto'
import { crypto, EXTENSION_OID_SCT, X509Certificate, type ASN1Obj } from '@sigstore/core'
import { KeylessError, type Code } from '../errors.ts'
import type { CertificateIdentity } from './identity.ts'
import { readClaims, readIssuer } from './claims.ts'
import { remember } from './memo.ts'

/** The certificate of a signature: what it is, and whom it names once its chain was verified. */
export type Leaf = {
  der: Buffer
  x509: X509Certificate
  key: KeyObject
  hasSct: boolean
  /** The issuing CA calls itself `GitHub, Inc.`: GitHub's own instance. */
  fromGitHub: boolean
  identity: CertificateIdentity
}

const KEY_USAGE = '2.5.29.15'
const SUBJECT_ALT_NAME = '2.5.29.17'
const BASIC_CONSTRAINTS = '2.5.29.19'
const EXTENDED_KEY_USAGE = '2.5.29.37'
const UNDERSTOOD = [KEY_USAGE, SUBJECT_ALT_NAME, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE]

const SEQUENCE = 0x30
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'
const ORGANIZATION = '2.5.4.10'

// GeneralName, RFC 5280 §4.2.1.6
const RFC822_NAME = 1
const URI = 6

/**
 * Leaves by their bytes, all of them: many files that were signed in one run share one certificate.
 * It was read without a fault; whether anybody is to believe it is asked anew for each bundle.
 */
const known = new Map<string, Leaf>()

/** A leaf takes some 90 KiB as it is kept here (measured). */
const MOST_KNOWN = 256

/**
 * Reads a leaf certificate and refuses one that must not sign code. @sigstore/verify checks the
 * chain above the leaf; of RFC 5280 §4.2 and §6.1 it leaves the rest below to its caller.
 *
 * @throws KeylessError CERTIFICATE_…
 */
export function readLeaf(der: Buffer): Leaf {
  const bytes = der.toString('latin1')
  const seen = known.get(bytes)
  if (seen) return seen
  try {
    const leaf = read(der)
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(bytes, leaf)
    return leaf
  } catch (cause) {
    if (cause instanceof KeylessError) throw cause
    throw refuse('CERTIFICATE_MALFORMED', 'cannot be read', cause)
  }
}

function read(der: Buffer): Leaf {
  const x509 = parse(der)
  checkFrame(x509)
  const extensions = readExtensions(x509)
  checkUsage(x509, extensions)
  return {
    der,
    x509,
    key: crypto.createPublicKey(x509.publicKey),
    hasSct: extensions.has(EXTENSION_OID_SCT),
    fromGitHub: issuedByGitHub(x509),
    identity: {
      subjectAlternativeName: readSubject(extensions),
      issuer: readIssuer(extensions),
      notBefore: x509.notBefore,
      notAfter: x509.notAfter,
      claims: readClaims(extensions)
    }
  }
}

/** An extension's value: the content of extnValue, also as the ASN.1 within where it is some. */
export type Extension = { critical: boolean; value: Buffer; inner: ASN1Obj | undefined }

function parse(der: Buffer): X509Certificate {
  // @sigstore/core looks at a field when it is asked for it; OpenSSL wants all of a certificate.
  new OpenSslCertificate(der)
  const own = Buffer.from(der)
  return remember(X509Certificate.parse(own), own)
}

// What stands around the signed part: @sigstore/core passes over whatever it does not need of it.
function checkFrame({ root }: X509Certificate): void {
  const [signed, algorithm, signature] = root.subs
  // RFC 5280 §4.1.1.2: the signed part names the same algorithm.
  const named = signed?.subs[2]?.toDER()
  if (!named || !algorithm?.toDER().equals(named)) {
    throw refuse('CERTIFICATE_MALFORMED', 'names two algorithms of its signature')
  }
  // A BIT STRING of whole bytes (RFC 5480): none of the last one's bits is unused.
  if (signature?.value[0] !== 0) {
    throw refuse('CERTIFICATE_MALFORMED', 'has a signature that is not whole')
  }
}

function readExtensions(x509: X509Certificate): Map<string, Extension> {
  const extensions = new Map<string, Extension>()
  for (const { subs } of x509.extensions) {
    const oid = subs[0]?.toOID() ?? ''
    const octets = subs.at(-1)
    const critical = subs.length === 3 && subs[1]?.toBoolean() === true
    if (!octets || extensions.has(oid)) {
      // RFC 5280 §4.2: never more than one instance of an extension.
      throw refuse('CERTIFICATE_MALFORMED', `has the extension ${oid} twice`)
    }
    if (critical && !UNDERSTOOD.includes(oid)) {
      throw refuse(
        'CERTIFICATE_CRITICAL_EXTENSION',
        `has the critical extension ${oid}, which must not be ignored and is not known`
      )
    }
    extensions.set(oid, { critical, value: octets.value, inner: octets.subs[0] })
  }
  return extensions
}

/** Of the one SEQUENCE that an extension is, and of nothing else (RFC 5280 §4.2.1.6, §4.2.1.12). */
function members(extension: Extension | undefined): ASN1Obj[] {
  if (extension?.inner === undefined) return []
  const { inner, value } = extension
  return inner.tag.toDER() === SEQUENCE && inner.toDER().equals(value) ? inner.subs : []
}

function checkUsage(x509: X509Certificate, extensions: Map<string, Extension>): void {
  const purposes = members(extensions.get(EXTENDED_KEY_USAGE)).map(purpose => purpose.toOID())
  if (!purposes.includes(CODE_SIGNING)) {
    throw refuse('CERTIFICATE_NOT_CODE_SIGNING', 'is not for signing code (extended key usage)')
  }
  if (x509.extKeyUsage?.digitalSignature !== true) {
    throw refuse('CERTIFICATE_KEY_USAGE', 'is not for digital signatures (key usage)')
  }
  if (x509.extBasicConstraints?.isCA === true || x509.extKeyUsage.keyCertSign) {
    throw refuse(
      'CERTIFICATE_IS_CA',
      'is that of an authority, which signs certificates, not files'
    )
  }
}

// Exactly one name: with two, one tool would show the first and another check the second.
function readSubject(extensions: Map<string, Extension>): string {
  const names = members(extensions.get(SUBJECT_ALT_NAME))
  const [name] = names
  const known = [URI, RFC822_NAME].some(tag => name?.tag.isContextSpecific(tag))
  const value = name?.value.toString('latin1') ?? ''
  // Both kinds are IA5String; anything outside printable ASCII is there to deceive.
  if (names.length !== 1 || !known || !/^[\x21-\x7e]+$/.test(value)) {
    throw refuse(
      'CERTIFICATE_SUBJECT_NAMES',
      `must name exactly one subject, a URI or an email address; it names ${names.length}, or something else`
    )
  }
  return value
}

function issuedByGitHub(x509: X509Certificate): boolean {
  // Name ::= SEQUENCE OF SET OF SEQUENCE { type, value }
  const issuer = x509.tbsCertificate.subs[3]
  return (issuer?.subs ?? [])
    .flatMap(rdn => rdn.subs)
    .some(
      ({ subs: [type, value] }) =>
        type?.toOID() === ORGANIZATION && value?.value.toString('utf8') === 'GitHub, Inc.'
    )
}

function refuse(code: Code, what: string, cause?: unknown): KeylessError {
  return new KeylessError(code, `The certificate in the bundle ${what}.`, { cause })
}
