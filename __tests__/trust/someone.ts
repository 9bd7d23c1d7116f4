import type { CertificateIdentity } from '../../src/trust/identity.ts'

/** A person, with no claims of a workflow. */
export const someone: CertificateIdentity = {
  subjectAlternativeName: 'someone@example.com',
  issuer: 'https://accounts.google.com',
  notBefore: new Date(0),
  notAfter: new Date(1),
  claims: {}
}
