import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { dsse } from '@sigstore/core'
import { KeylessError } from '../src/errors.ts'
import { serializeBundle, STATEMENT_TYPE } from '../src/sigstore/bundle.ts'
import { readCertificates } from './model-certificate.ts'
import { statementOf } from './model-disk.ts'
import { openSigner } from './sign.ts'

/** Who signs a model. Keys and certificates are texts in PEM. */
export type ModelSigner =
  | { method: 'key'; key: string }
  /** The chain begins with the certificate of the key. */
  | { method: 'certificate'; key: string; chain: string[] }
  | { method: 'sigstore'; token: string; /** JSON text. */ signingConfig: string }

export type ModelOrder = {
  /** Of the model. */
  path: string
  /** Path that the bundle is written to. */
  bundle: string
  /** Paths. */
  ignorePaths: string[]
  signer: ModelSigner
}

// OMS v1.0 §4.2
const HASHES = new Map([
  ['prime256v1', 'sha256'],
  ['secp384r1', 'sha384'],
  ['secp521r1', 'sha512']
])

/** Signs a model as the suite asks, and returns the bundle as JSON. */
export async function signModel({
  path,
  bundle,
  ignorePaths,
  signer
}: ModelOrder): Promise<string> {
  const payload = await statementOf(path, { ignorePaths, signature: bundle })
  if (signer.method === 'sigstore') {
    const session = openSigner(signer.token, signer.signingConfig)
    return serializeBundle(await session.signStatement(payload))
  }
  const key = createPrivateKey(signer.key)
  const pae = dsse.preAuthEncoding(STATEMENT_TYPE, payload)
  const signature = sign(hashFor(key), pae, key)
  return JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      ...(signer.method === 'key'
        ? { publicKey: { hint: hintOf(key) } }
        : { x509CertificateChain: { certificates: chainOf(key, signer.chain) } }),
      tlogEntries: []
    },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType: STATEMENT_TYPE,
      signatures: [{ sig: signature.toString('base64'), keyid: '' }]
    }
  })
}

function hashFor(key: KeyObject): string {
  const hash = HASHES.get(key.asymmetricKeyDetails?.namedCurve ?? '')
  if (hash !== undefined) return hash
  throw new KeylessError('KEY_UNSUPPORTED', 'Models are signed with keys on P-256, P-384 or P-521.')
}

// As model_signing has it: of the PEM text, the last line break included.
function hintOf(key: KeyObject): string {
  const pem = createPublicKey(key).export({ type: 'spki', format: 'pem' })
  return createHash('sha256').update(pem).digest('hex')
}

function chainOf(key: KeyObject, texts: string[]): { rawBytes: string }[] {
  const certificates = texts.flatMap(readCertificates)
  if (!certificates[0]?.checkPrivateKey(key)) {
    throw new KeylessError(
      'CERTIFICATE_INVALID',
      'The signing certificate is not of the private key.'
    )
  }
  return certificates.map(({ raw }) => ({ rawBytes: raw.toString('base64') }))
}
