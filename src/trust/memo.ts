import type { ASN1Obj, X509Certificate } from '@sigstore/core'

/**
 * Makes a certificate remember its bytes and by whom it was signed. For one bundle @sigstore/verify
 * asks dozens of times, mostly about the same few authorities: every comparison of two certificates
 * encodes both anew, and every answer about an issuer costs a P-384 verification. Certificates do
 * not change once read, so neither do the answers. What the library does change for an SCT is a copy
 * that it parses anew from these bytes, and that remembers nothing.
 *
 * @param der the very bytes that the certificate was read from
 */
export function remember(certificate: X509Certificate, der: Buffer): X509Certificate {
  const { root, tbsCertificate } = certificate
  root.toDER = () => der
  rememberParts(root)
  rememberParts(tbsCertificate)
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

// The content of a part with others inside is these, one behind the other; all are views of one
// buffer. To encode them anew comes to the same, as the library reads DER alone, and takes longer.
function rememberParts({ value, subs }: ASN1Obj): void {
  let start = 0
  for (const part of subs) {
    const end = part.value.byteOffset - value.byteOffset + part.value.length
    const der = value.subarray(start, end)
    part.toDER = () => der
    start = end
  }
}
