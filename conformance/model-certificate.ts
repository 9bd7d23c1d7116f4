import { X509Certificate, type KeyObject } from 'node:crypto'
import { X509Certificate as ParsedCertificate } from '@sigstore/core'
import { KeylessError } from '../src/errors.ts'
import type { Bundle } from '../src/trust/bundle.ts'

const CODE_SIGNING = '1.3.6.1.5.5.7.3.3'

/** Certificates in PEM, as many as the text has. */
export function readCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? []
  return blocks.map(block => new X509Certificate(block))
}

/**
 * Who signed, where a PKI of one's own takes Sigstore's place: the key of the bundle's certificate,
 * if that one is for signing code and leads to an anchor by certificates which are valid today. There
 * is no witness of any other time.
 *
 * @returns the key, and the bundle as one of that key
 * @throws KeylessError BUNDLE_…, CERTIFICATE_…, UNKNOWN_AUTHORITY
 */
export function readChain(
  bundle: Bundle,
  anchors: X509Certificate[]
): { key: KeyObject; bundle: Bundle } {
  const { content } = bundle.verificationMaterial
  if (content.$case !== 'x509CertificateChain') {
    throw new KeylessError(
      content.$case === 'publicKey' ? 'BUNDLE_HAS_KEY' : 'BUNDLE_HAS_CERTIFICATE',
      'The bundle was not signed with a chain of certificates; verify it by the method that it was signed with.'
    )
  }
  const chain = content.x509CertificateChain.certificates.map(({ rawBytes }) => rawBytes)
  const [leaf, ...others] = chain.map(der => new X509Certificate(der))
  if (!leaf) throw new KeylessError('BUNDLE_CONTENT', 'The bundle has an empty chain.')
  checkUsage(leaf)
  if (!leadsTo(leaf, others, anchors)) {
    throw new KeylessError(
      'UNKNOWN_AUTHORITY',
      'The certificate in the bundle leads to none of the given ones by certificates that are valid today.'
    )
  }
  const publicKey = { hint: '' }
  const verificationMaterial = {
    ...bundle.verificationMaterial,
    content: { $case: 'publicKey', publicKey } as const
  }
  return { key: leaf.publicKey, bundle: { ...bundle, verificationMaterial } }
}

function leadsTo(
  certificate: X509Certificate,
  others: X509Certificate[],
  anchors: X509Certificate[]
): boolean {
  if (!isValidToday(certificate)) return false
  if (anchors.some(({ raw }) => raw.equals(certificate.raw))) return true
  const issued = (by: X509Certificate): boolean =>
    by.ca && certificate.checkIssued(by) && certificate.verify(by.publicKey)
  return (
    [...anchors, ...others]
      .filter(issued)
      // Each is on the way once: there may be circles.
      .some(issuer =>
        leadsTo(
          issuer,
          others.filter(other => other !== issuer),
          anchors
        )
      )
  )
}

function isValidToday({ validFromDate, validToDate }: X509Certificate): boolean {
  const now = new Date()
  return validFromDate <= now && now <= validToDate
}

function checkUsage(leaf: X509Certificate): void {
  const usage = ParsedCertificate.parse(leaf.raw).extKeyUsage
  // Node calls the extended key usage that, has nothing for the other, and undefined for none.
  const purposes = leaf.keyUsage as string[] | undefined
  if (purposes?.includes(CODE_SIGNING) && usage?.digitalSignature !== false) return
  throw new KeylessError(
    'CERTIFICATE_NOT_CODE_SIGNING',
    'The certificate in the bundle is not for signing code.'
  )
}
