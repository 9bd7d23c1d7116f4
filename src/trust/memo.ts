import type { X509Certificate } from '@sigstore/core'

/**
 * Makes a certificate remember by whom it was signed. For one bundle @sigstore/verify asks a dozen
 * times, mostly about the same few authorities, and each answer re-encodes the certificate and costs
 * a P-384 verification. Certificates do not change once read, so neither do the answers.
 */
export function rememberIssuers(certificate: X509Certificate): X509Certificate {
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
