import type { KeyObject } from 'node:crypto'
import type { Authority } from './authority.ts'
import { sha256, spki } from './certificate.ts'
import { ISSUER } from './claims.ts'

/** The addresses of the services. */
export type Urls = { oidc: string; fulcio: string; rekor: string; tsa: string; tuf: string }

const DAY = 24 * 60 * 60 * 1000

/** A day back, as the authorities: tests set clocks back. */
const validity = (): { start: string } => ({ start: new Date(Date.now() - DAY).toISOString() })

const OPERATOR = 'sigstore.sandbox'

function log(baseUrl: string, key: KeyObject): unknown {
  const rawBytes = spki(key)
  return {
    baseUrl,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: rawBytes.toString('base64'),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: validity()
    },
    logId: { keyId: sha256(rawBytes).toString('base64') }
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
  of: { fulcio: Authority; tsa: Authority; rekor: KeyObject; ctLog: KeyObject }
): unknown {
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [log(urls.rekor, of.rekor)],
    certificateAuthorities: [authority(urls.fulcio, of.fulcio)],
    ctlogs: [log(`${urls.fulcio}/ct`, of.ctLog)],
    timestampAuthorities: [authority(urls.tsa, of.tsa)]
  }
}

/** The signing config v0.2 in JSON. A TSA's URL there is whole, the others' are where paths begin. */
export function signingConfig(urls: Urls): unknown {
  const service = (url: string): unknown => ({
    url,
    majorApiVersion: 1,
    validFor: validity(),
    operator: OPERATOR
  })
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service(urls.fulcio)],
    oidcUrls: [service(ISSUER)],
    rekorTlogUrls: [service(urls.rekor)],
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
