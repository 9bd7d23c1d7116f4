import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Code } from '../src/errors.ts'
import type { ModelTrust } from './model-verify.ts'

export type ModelCase = {
  /** Path below the folder of vectors. */
  bundle: string
  model: string
  trust: (dir: string) => ModelTrust
  /** Why it has to be refused; absent when it has to verify. */
  refused?: Code
  /** What the verifier has to ignore, as the signer did and did not write down. */
  ignored?: string[]
}

const SPEC = 'spec-v1.0'
const CHAIN = `${SPEC}/valid/certificate.bundle.json`

const sigstore = (dir: string): ModelTrust & { method: 'sigstore' } => ({
  method: 'sigstore',
  identity: 'stefanb@us.ibm.com',
  issuer: 'https://sigstore.verify.ibm.com/oauth2',
  trustedRoot: readFileSync(path.join(dir, '../trust/trusted_root.json'), 'utf8')
})

const key = (dir: string): ModelTrust => ({
  method: 'key',
  key: path.join(dir, 'v1.1.0-elliptic-key.pub.pem')
})

// The authority above the signer, as the vector has nothing above that.
const certificate = (dir: string): ModelTrust => {
  const bundle = JSON.parse(readFileSync(path.join(dir, CHAIN), 'utf8')) as {
    verificationMaterial: { x509CertificateChain: { certificates: { rawBytes: string }[] } }
  }
  const last = bundle.verificationMaterial.x509CertificateChain.certificates.at(-1)
  const der = Buffer.from(last?.rawBytes ?? '', 'base64')
  return { method: 'certificate', anchors: [new X509Certificate(der).toString()] }
}

const keyless = { bundle: 'v1.1.0-sigstore/model.sig', model: 'v1.1.0-sigstore', trust: sigstore }
const keyed = { bundle: 'v1.1.0-elliptic-key/model.sig', model: 'v1.1.0-elliptic-key', trust: key }

/**
 * The signatures in ../shared/vectors/oms. Those of the specification are of the two v1.1.0 models,
 * which differ in one line break.
 */
export const CASES: ModelCase[] = [
  keyless,
  {
    ...keyless,
    bundle: 'v1.0.1-sigstore/model.sig',
    model: 'v1.0.1-sigstore',
    ignored: ['ignore-me']
  },
  keyed,
  { ...keyless, bundle: `${SPEC}/valid/sigstore.bundle.json` },
  { ...keyed, bundle: `${SPEC}/valid/key.bundle.json` },
  { ...keyed, bundle: CHAIN, trust: certificate },

  { ...keyed, bundle: `${SPEC}/invalid/empty.bundle.json`, refused: 'JSON_INVALID' },
  { ...keyed, bundle: `${SPEC}/invalid/missing-envelope.bundle.json`, refused: 'BUNDLE_CONTENT' },
  {
    ...keyed,
    bundle: `${SPEC}/invalid/missing-verification-material.bundle.json`,
    refused: 'FIELD_INVALID'
  },
  {
    ...keyless,
    bundle: `${SPEC}/invalid/missing-tlog-entries.bundle.json`,
    refused: 'LOG_ENTRY_MISSING'
  },
  {
    ...keyed,
    bundle: `${SPEC}/invalid-payload/wrong-predicate.bundle.json`,
    refused: 'PREDICATE_TYPE_MISMATCH'
  },

  { ...keyless, model: keyed.model, refused: 'MODEL_MISMATCH' },
  // What 1.0 did not write down.
  {
    ...keyless,
    bundle: 'v1.0.1-sigstore/model.sig',
    model: 'v1.0.1-sigstore',
    refused: 'MODEL_MISMATCH'
  },
  {
    ...keyless,
    trust: dir => ({ ...sigstore(dir), identity: 'somebody@us.ibm.com' }),
    refused: 'IDENTITY_MISMATCH'
  },
  { ...keyed, bundle: 'worked-example/my-model/model.sig', refused: 'SIGNATURE_INVALID' },
  { ...keyed, trust: sigstore, refused: 'BUNDLE_HAS_KEY' },
  { ...keyed, trust: certificate, refused: 'BUNDLE_HAS_KEY' },
  { ...keyless, trust: key, refused: 'BUNDLE_HAS_CERTIFICATE' },
  { ...keyless, trust: certificate, refused: 'BUNDLE_HAS_CERTIFICATE' },
  { ...keyed, bundle: CHAIN, trust: sigstore, refused: 'CERTIFICATE_CHAIN' }
]
