import { KeylessError } from '../errors.ts'
import type { IdentityToken } from '../sigstore/identity.ts'
import {
  parseSigningConfig,
  selectServices,
  type LogChoice,
  type Services
} from '../sigstore/signing-config.ts'
import { readText } from '../storage/local.ts'
import { parseTrustedRoots, type TrustedRoot } from '../trust/root.ts'
import { fetchTrust } from '../trust/tuf.ts'
import type { BuiltIn, Private } from './inputs.ts'

/** A Sigstore instance: whom to ask for signatures, and what to believe them by. */
export type Instance = {
  services: Services
  roots: TrustedRoot[]
  /** The file that a person gives to cosign, for an instance that cosign does not know. */
  trustedRootPath?: string
  /** The public instance for tests. */
  isStaging: boolean
}

/** A private instance, from its files. */
export async function readInstance(given: Private, log: LogChoice): Promise<Instance> {
  const [signingConfig, trustedRoot] = await Promise.all([
    readText('signing-config', given.signingConfig),
    readText('trusted-root', given.trustedRoot)
  ])
  return {
    services: selectServices(parseSigningConfig(signingConfig), new Date(), log),
    roots: parseTrustedRoots(trustedRoot, `trusted-root: ${given.trustedRoot}`),
    trustedRootPath: given.trustedRoot,
    isStaging: false
  }
}

/** A public instance, from its TUF repository. */
export async function fetchInstance(
  given: BuiltIn,
  identity: IdentityToken,
  { serverUrl, timeout, log }: { serverUrl: string; timeout: number; log: LogChoice }
): Promise<Instance> {
  const name = given.name === 'auto' ? publicInstance(identity, serverUrl) : given.name
  const { trustedRoot, signingConfig } = await fetchTrust(name, timeout)
  return {
    services: selectServices(parseSigningConfig(signingConfig), new Date(), log),
    roots: parseTrustedRoots(trustedRoot, `the trusted root of ${name}`),
    isStaging: name === 'staging'
  }
}

/** What `auto` means. A private repository's name never lands in a public log unasked. */
function publicInstance(identity: IdentityToken, serverUrl: string): 'public-good' {
  if (serverUrl !== 'https://github.com') {
    throw new KeylessError(
      'INPUT_INVALID',
      `sigstore is "auto" and this run belongs to ${serverUrl}, which has no public Sigstore of its own; give signing-config and trusted-root of a private instance.`
    )
  }
  const { repository_visibility: visibility } = identity.claims
  if (visibility === 'public') return 'public-good'
  throw new KeylessError(
    'INPUT_INVALID',
    typeof visibility === 'string'
      ? `sigstore is "auto" and this repository is ${visibility}: a public log would show its name, so nothing was signed; give sigstore: public-good to accept that, or signing-config and trusted-root of a private instance.`
      : 'sigstore is "auto" and the identity token does not say whether this repository is public; give sigstore: public-good, or signing-config and trusted-root of a private instance.'
  )
}
