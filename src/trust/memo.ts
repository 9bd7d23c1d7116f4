import type { ASN1Obj, X509Certificate } from '@sigstore/core'

/**
 * Makes a certificate remember its encoding and by whom it was signed. For one bundle
 * @sigstore/verify asks dozens of times, mostly about the same few authorities: every comparison of
 * two certificates encodes both anew, and every answer about an issuer costs a P-384 verification.
 * Certificates do not change once read, so neither do the answers. What the library does change for
 * an SCT is a copy that it parses anew from these bytes, and that remembers nothing.
 */
export function remember(certificate: X509Certificate): X509Certificate {
  const { root, tbsCertificate } = certificate
  // From the inside out, so that each is encoded once.
  for (const part of [...tbsCertificate.subs, tbsCertificate, root]) rememberEncoding(part)
  const answers = new Map<X509Certificate, boolean>()
  const verify = certificate.verify.bind(certificate)
  certificate.verify = (issuer = certificate) => {
    const answer = answers.get(issuer) ?? verify(issuer)
    // Of those who did sign there are few; of others there may be any number.
    if (answer) answers.set(issuer, answer)
    return answer
  }
  return certificate
}

function rememberEncoding(part: ASN1Obj): void {
  const der = part.toDER()
  part.toDER = () => der
}
