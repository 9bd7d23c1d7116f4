import type { KeyObject } from 'node:crypto'
import type { Authority } from './authority.ts'
import { sha256, spki } from './certificate.ts'
import { ISSUER } from './claims.ts'

/** The addresses of the services. */
export type Urls = {
  oidc: string
  fulcio: string
  rekor: string
  rekor2: string
  tsa: string
  tuf: string
}

const DAY = 24 * 60 * 60 * 1000

/** A day back, as the authorities: tests set clocks back. */
const validity = (): { start: string } => ({ start: new Date(Date.now() - DAY).toISOString() })

const OPERATOR = 'sigstore.sandbox'

/** @param logId the digest of the key, unless the log says otherwise */
function log(baseUrl: string, key: KeyObject, logId = sha256(spki(key))): unknown {
  return {
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: spki(key).toString('base64'),
      keyDetails: key.asymmetricKeyType === 'ed25519' ? 'PKIX_ED25519' : 'PKIX_ECDSA_P256_SHA_256',
      validFor: validity()
    },
    logId: { keyId: logId.toString('base64') }
  }
}

const authority = (uri: string, { organization, commonName, chain }: Authority): unknown => ({
  // Python's clients insist on the common name.
  subject: { organization, commonName },
  uri,
  certChain: { certificates: chain.map(der => ({ rawBytes: der.toString('base64') })) },
  validFor: validity()
})

/** The trusted root (protobuf-specs, sigstore_trustroot.proto) in JSON. */
export function trustedRoot(
  urls: Urls,
  of: {
    fulcio: Authority
    tsa: Authority
    rekor: KeyObject
    rekor2: { publicKey: KeyObject; logId: Buffer }
    ctLog: KeyObject
  }
): unknown {
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [log(urls.rekor, of.rekor), log(urls.rekor2, of.rekor2.publicKey, of.rekor2.logId)],
    certificateAuthorities: [authority(urls.fulcio, of.fulcio)],
    ctlogs: [log(`${urls.fulcio}/ct`, of.ctLog)],
    timestampAuthorities: [authority(urls.tsa, of.tsa)]
  }
}

/**
 * The signing config v0.2 in JSON. A TSA's URL there is whole, the others' are where paths begin. As the public
 * instance has it, one config offers Rekor v1 only, and another v2 before it.
 */
export function signingConfig(urls: Urls, { withRekor2 }: { withRekor2: boolean }): unknown {
  const service = (url: string, majorApiVersion = 1): unknown => ({
    url,
    majorApiVersion,
    validFor: validity(),
    operator: OPERATOR
  })
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service(urls.fulcio)],
    oidcUrls: [service(ISSUER)],
    rekorTlogUrls: [...(withRekor2 ? [service(urls.rekor2, 2)] : []), service(urls.rekor)],
    rekorTlogConfig: { selector: 'ANY' },
    tsaUrls: [service(`${urls.tsa}/api/v1/timestamp`)],
    tsaConfig: { selector: 'ANY' }
  }
}

/** Both in one, as sigstore-python and model_signing read them. */
export const clientTrustConfig = (root: unknown, config: unknown): unknown => ({
  mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
  trustedRoot: root,
  signingConfig: config
})
