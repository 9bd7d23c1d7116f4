import type { KeyObject } from 'node:crypto'
import type { TrustMaterial } from '@sigstore/verify'
import { KeylessError } from '../errors.ts'
import { checkAuthority, requiredBy, rootsOf } from './authority.ts'
import type { Bundle } from './bundle.ts'
import { readLeaf, type Leaf } from './certificate.ts'
import { bindContent, type Bound, type Expectation } from './content.ts'
import type { Digester } from './digester.ts'
import type { CertificateIdentity } from './identity.ts'
import type { Annotations } from './image.ts'
import { checkIdentity, checkPolicy, type IdentityPolicy } from './policy.ts'
import { NO_ROOT, type TrustedRoot } from './root.ts'
import { verifyWitnesses, type Witnesses } from './witnesses.ts'

export type { Expectation } from './content.ts'

/** Who has to have signed. */
export type Signer = { identity: IdentityPolicy } | { key: KeyObject }

export type Verified = Witnesses & {
  /** A statement's. */
  predicateType?: string
  /** Of an image's signature: all that were signed along. */
  annotations?: Annotations
  /** Of a model: SHA-256 over the digests of its files. What lists them may be large, and is not kept. */
  root?: string
  /** Absent with a key. */
  identity?: CertificateIdentity
}

/** What is verified under an identity names one. */
export type VerifiedIdentity = Verified & { identity: CertificateIdentity }

type Options = {
  roots: TrustedRoot[]
  digest: Digester
  /** What the digests are of, where it is at hand: its signature is then verified in no time. */
  bytes?: Buffer | undefined
  expect: Expectation
}

/**
 * Believes a bundle, or says why not: that it is a signature of the kind expected, of bytes with
 * the given digest, by the given signer, witnessed as the signer's Sigstore instance witnesses.
 * Sigstore client spec §4 and what @sigstore/verify leaves to its caller of it.
 *
 * @param roots tried one by one, never merged; the one whose CA issued the certificate decides what
 *   has to be there: an SCT if it lists CT logs, a log entry if it lists logs, always a verified
 *   time. With a key none of these has to, and whatever is there has to verify.
 * @throws KeylessError with the reason, whatever goes wrong
 */
export async function verifyBundle(
  bundle: Bundle,
  options: Options & { signer: { identity: IdentityPolicy } }
): Promise<VerifiedIdentity>
export async function verifyBundle(
  bundle: Bundle,
  options: Options & { signer: Signer }
): Promise<Verified>
export async function verifyBundle(
  bundle: Bundle,
  options: Options & { signer: Signer }
): Promise<Verified> {
  try {
    return await verify(bundle, options)
  } catch (error) {
    if (error instanceof KeylessError) throw error
    throw new KeylessError(
      'VERIFICATION_ERROR',
      'The bundle could not be verified: it, or what it was verified with, is not well formed.',
      { cause: error }
    )
  }
}

async function verify(
  bundle: Bundle,
  { roots, digest, bytes, expect, signer }: Options & { signer: Signer }
): Promise<Verified> {
  const check = 'key' in signer ? byKey(bundle, signer.key) : byIdentity(bundle, signer.identity)
  const bound = await bindContent(bundle, expect, digest, bytes)
  const checked = check(bound, roots)
  await bound.settle()
  return { ...bound.content, ...checked }
}

/** Looks at the form at once, and returns what is to be checked when the content is bound. */
type Check = (bound: Bound, roots: TrustedRoot[]) => Witnesses & Pick<Verified, 'identity'>

function byKey(bundle: Bundle, key: KeyObject): Check {
  checkKeyForm(bundle)
  return ({ entity, recorded }, roots) => {
    const verifier = { key: key.export({ type: 'spki', format: 'der' }) }
    // Nobody said whose log it is: any one instance that knows all witnesses will do.
    return firstOf(roots.length > 0 ? roots : [NO_ROOT], ({ material }) =>
      verifyWitnesses(entity, key, { ...recorded, verifier }, withKey(material, key), {
        log: false,
        time: false,
        sct: false
      })
    )
  }
}

function byIdentity(bundle: Bundle, policy: IdentityPolicy): Check {
  checkPolicy(policy)
  const leaf = readSigner(bundle)
  return ({ entity: bound, recorded }, roots) => {
    // The very object that we checked, not a second reading of its bytes.
    const entity = { ...bound, key: { $case: 'certificate', certificate: leaf.x509 } as const }
    const witnesses = firstOf(rootsOf(leaf, roots), ({ material }) => {
      const required = requiredBy(material)
      checkAuthority(leaf, entity, required)
      const verifier = { certificate: leaf.der }
      return verifyWitnesses(entity, leaf.key, { ...recorded, verifier }, material, required)
    })
    checkIdentity(policy, leaf.identity)
    return { ...witnesses, identity: leaf.identity }
  }
}

function checkKeyForm(bundle: Bundle): void {
  if (bundle.verificationMaterial.content.$case === 'publicKey') return
  throw new KeylessError(
    'BUNDLE_HAS_CERTIFICATE',
    'The bundle was signed with a certificate, not with a key; leave out the key and say whose identity to expect.'
  )
}

function readSigner(bundle: Bundle): Leaf {
  const { content } = bundle.verificationMaterial
  switch (content.$case) {
    case 'publicKey':
      // The hint, or a key that someone put there, proves no identity (GHSA-fx35-mq7g-6g98).
      throw new KeylessError(
        'BUNDLE_HAS_KEY',
        'The bundle was signed with a key, not under an identity; verify it with that key if you have it from somewhere you trust.'
      )
    case 'certificate':
      return readLeaf(content.certificate.rawBytes)
    case 'x509CertificateChain': {
      const [leaf, ...others] = content.x509CertificateChain.certificates
      if (leaf && others.length === 0 && isOlderThanV03(bundle)) return readLeaf(leaf.rawBytes)
      throw new KeylessError(
        'CERTIFICATE_CHAIN',
        `The bundle brings a chain of ${others.length + (leaf ? 1 : 0)} certificates; a keyless bundle has the leaf alone, and from version 0.3 not as a chain: authorities come from the trusted root.`
      )
    }
  }
}

// sigstore_bundle.proto: v0.1 and v0.2 had only the chain form, v0.3 must use `certificate`.
// It lets verifiers ignore further certificates; we refuse them, as do the conformance suite
// (bundle-with-root-cert_fail) and row 9 of our list: what nobody checks should not be there. Of
// the real v0.1 and v0.2 bundles that we know, npm's and sigstore-python's, each has the leaf alone.
function isOlderThanV03(bundle: Bundle): boolean {
  return /version=0\.[12]$/.test(bundle.mediaType)
}

function withKey(material: TrustMaterial, publicKey: KeyObject): TrustMaterial {
  // Whatever hint the bundle gives, it is this key.
  return { ...material, publicKey: () => ({ publicKey, validFor: () => true }) }
}

function firstOf<T>(roots: TrustedRoot[], attempt: (root: TrustedRoot) => T): T {
  const errors: unknown[] = []
  for (const root of roots) {
    try {
      return attempt(root)
    } catch (error) {
      errors.push(error)
    }
  }
  throw errors[0]
}
