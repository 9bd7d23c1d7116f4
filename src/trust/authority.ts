import type { SignedEntity, TrustMaterial } from '@sigstore/verify'
import { KeylessError } from '../errors.ts'
import type { Leaf } from './certificate.ts'
import type { TrustedRoot } from './root.ts'
import type { Required } from './witnesses.ts'
import { quote } from './quote.ts'

/**
 * The instances whose CA issued this certificate, at whatever time.
 * @throws KeylessError UNKNOWN_AUTHORITY when there is none
 */
export function rootsOf({ x509, identity }: Leaf, roots: TrustedRoot[]): TrustedRoot[] {
  const issued = roots.filter(({ material }) =>
    material.certificateAuthorities.some(({ certChain }) =>
      certChain.some(ca => x509.issuer.equals(ca.subject) && x509.verify(ca))
    )
  )
  if (issued.length > 0) return issued
  throw new KeylessError(
    'UNKNOWN_AUTHORITY',
    `The certificate in the bundle, which names ${quote(identity.subjectAlternativeName)}, was issued by an authority that the trusted root does not list; if it is that of another Sigstore instance which you trust, give its trusted-root.`
  )
}

/**
 * What an instance provides, its bundles must have: never fewer checks because a bundle brings less.
 * There has to be a verified time in any case, as a certificate is valid for minutes only.
 */
export function requiredBy(material: TrustMaterial): Required {
  return { sct: material.ctlogs.length > 0, log: material.tlogs.length > 0, time: true }
}

/** @throws KeylessError GITHUB_INSTANCE_FOR_PUBLIC, SCT_MISSING, LOG_ENTRY_MISSING, TIME_MISSING */
export function checkAuthority(leaf: Leaf, entity: SignedEntity, required: Required): void {
  const visibility = leaf.identity.claims.sourceRepositoryVisibilityAtSigning
  // GitHub's own instance has no public log. For a public repository the public one is used, so
  // its certificate there is a way around the log.
  if (leaf.fromGitHub && visibility !== 'private' && visibility !== 'internal') {
    throw new KeylessError(
      'GITHUB_INSTANCE_FOR_PUBLIC',
      `The certificate is from GitHub's own Sigstore instance, which is for private repositories; this one is ${visibility === undefined ? 'of unknown visibility' : quote(visibility)}, and has to be signed under the public instance with its log.`
    )
  }
  if (required.sct && !leaf.hasSct) {
    throw missing(
      'SCT_MISSING',
      'The certificate in the bundle has no timestamp of a certificate transparency log (SCT)'
    )
  }
  if (required.log && entity.tlogEntries.length === 0) {
    throw missing('LOG_ENTRY_MISSING', 'The bundle has no transparency log entry')
  }
  if (required.time && !entity.timestamps.some(isVerifiable)) {
    throw missing(
      'TIME_MISSING',
      'The bundle has neither a timestamp nor a signed time of the log, so nothing shows that the certificate was valid when the signature was made'
    )
  }
}

// An integrated time without the promise that signs it is only what the bundle says
// (CVE-2026-48816).
function isVerifiable(timestamp: SignedEntity['timestamps'][number]): boolean {
  return (
    timestamp.$case === 'timestamp-authority' || timestamp.tlogEntry.inclusionPromise !== undefined
  )
}

function missing(code: 'SCT_MISSING' | 'LOG_ENTRY_MISSING' | 'TIME_MISSING', what: string): Error {
  return new KeylessError(code, `${what}; the Sigstore instance that signed provides one.`)
}
