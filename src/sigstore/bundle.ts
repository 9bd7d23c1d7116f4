import {
  bundleToJSON,
  toDSSEBundle,
  toMessageSignatureBundle,
  type Bundle,
  type BundleWithDsseEnvelope
} from '@sigstore/bundle'

/** DSSE's type of in-toto statements; the only one that verifiers take (client spec §4). */
export const STATEMENT_TYPE = 'application/vnd.in-toto+json'

/** A v0.3 bundle of a file's signature, still without witnesses; the certificate is the leaf in DER. */
export function messageBundle(o: {
  sha256: Uint8Array
  signature: Buffer
  certificate: Buffer
}): Bundle {
  return toMessageSignatureBundle({
    digest: Buffer.from(o.sha256),
    signature: o.signature,
    certificate: o.certificate
  })
}

/** A v0.3 bundle of a signed in-toto statement, still without witnesses. */
export function statementBundle(o: {
  payload: Buffer
  signature: Buffer
  certificate: Buffer
}): BundleWithDsseEnvelope {
  return toDSSEBundle({
    artifact: o.payload,
    artifactType: STATEMENT_TYPE,
    signature: o.signature,
    certificate: o.certificate
  })
}

/**
 * A bundle as JSON text, as every client reads it: no nulls, no unknown members, and of a log's first entry
 * also `logIndex`, which is 0, and the empty list of `hashes`: protobuf's JSON leaves both out, and
 * sigstore-python refuses that.
 */
export function serializeBundle(bundle: Bundle): string {
  const json = bundleToJSON(bundle) as Record<string, unknown>
  const { tlogEntries } = bundle.verificationMaterial
  return JSON.stringify({
    ...json,
    verificationMaterial: {
      ...(json.verificationMaterial as Record<string, unknown>),
      tlogEntries: tlogEntries.map(({ logIndex, inclusionProof }, i) => {
        const entry = (json.verificationMaterial as { tlogEntries: Record<string, unknown>[] })
          .tlogEntries[i]
        return {
          logIndex,
          ...entry,
          ...(inclusionProof && {
            inclusionProof: {
              logIndex: inclusionProof.logIndex,
              hashes: [],
              ...(entry?.inclusionProof as Record<string, unknown>)
            }
          })
        }
      })
    }
  })
}
