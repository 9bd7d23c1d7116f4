import { generateKeyPairSync, sign, type KeyPairKeyObjectResult } from 'node:crypto'
import { dsse } from '@sigstore/core'
import { describe, expect, it } from '@jest/globals'
import { parseBundle } from '../../src/trust/bundle.ts'
import type { ModelFiles } from '../../src/trust/model-files.ts'
import { identityPolicy } from '../../src/trust/policy-inputs.ts'
import { verifyBundle, type Signer, type Verified } from '../../src/trust/verify.ts'
import { at, drop, put, type Edit, type Json } from './edit.ts'
import { digestOf, FILE, Instance, statement } from './instance.ts'
import { filesOf, MODEL, modelStatement, type Asked } from './oms.ts'
import { codeOf } from './refusal.ts'

const IN_TOTO = 'application/vnd.in-toto+json'
const instance = new Instance()
const roots = instance.roots()
const payload = modelStatement(MODEL)

const WORKFLOW = 'octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'
const ours: Signer = {
  identity: identityPolicy(
    {},
    { repository: 'octo-org/octo-models', repositoryId: '640123001', workflowRef: WORKFLOW }
  )
}
const others: Signer = {
  identity: identityPolicy(
    {},
    { repository: 'a/b', repositoryId: '1', workflowRef: `a/b/${WORKFLOW}` }
  )
}

function verify(bundle: Json, files: ModelFiles, signer = ours): Promise<Verified> {
  return verifyBundle(parseBundle(JSON.stringify(bundle), 'model.sig'), {
    roots,
    digest: digestOf(FILE),
    expect: { kind: 'model', files },
    signer
  })
}

/** The code of the refusal, and what was asked of the files by then. */
async function refusal(bundle: Json, signer?: Signer, contents = MODEL): Promise<[string, Asked]> {
  const asked: Asked = []
  try {
    await verify(bundle, filesOf(contents, { asked }), signer)
    return ['verified', asked]
  } catch (error) {
    return [codeOf(error), asked]
  }
}

/** As model_signing signs with a key: no witnesses. */
function signByKey(
  { publicKey, privateKey }: KeyPairKeyObjectResult,
  hash: string,
  ...edits: Edit[]
): { bundle: Json; signer: Signer } {
  const bytes = Buffer.from(JSON.stringify(payload))
  const bundle = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: 'a hint' }, tlogEntries: [] },
    dsseEnvelope: {
      payload: bytes.toString('base64'),
      payloadType: IN_TOTO,
      signatures: [
        { sig: sign(hash, dsse.preAuthEncoding(IN_TOTO, bytes), privateKey).toString('base64') }
      ]
    }
  }
  for (const edit of edits) edit(bundle)
  return { bundle, signer: { key: publicKey } }
}

const HASHED = ['find', 'hash config.json', 'hash weights/a.bin']
const CHANGED = { ...MODEL, 'config.json': '[]' }

describe('verifyBundle with a model', () => {
  it.each(['v1', 'v2'] as const)('believes the keyless signature of one, Rekor %s', async log => {
    const verified = await verify(instance.sign({ statement: payload, log }), filesOf(MODEL))
    expect(verified).toMatchObject({
      predicateType: 'https://model_signing/signature/v1.0',
      identity: { subjectAlternativeName: `https://github.com/${WORKFLOW}` },
      root: at(payload, 'subject.0.digest.sha256')
    })
  })

  it.each([
    ['P-256', 'sha256'],
    ['P-384', 'sha384'],
    ['P-521', 'sha512'],
    // As cosign signs with any key.
    ['P-384', 'sha256']
  ])('believes a signature by a key on %s with %s', async (namedCurve, hash) => {
    const { bundle, signer } = signByKey(generateKeyPairSync('ec', { namedCurve }), hash)
    await expect(refusal(bundle, signer)).resolves.toEqual(['verified', HASHED])
  })

  it('believes what model_signing 1.0 wrote, with the key in the bundle', async () => {
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const pem = keys.publicKey.export({ type: 'spki', format: 'pem' })
    const { bundle, signer } = signByKey(
      keys,
      'sha384',
      put('verificationMaterial.publicKey', {
        rawBytes: Buffer.from(pem).toString('base64'),
        keyDetails: 'PKIX_ECDSA_P384_SHA_384'
      }),
      drop('verificationMaterial.tlogEntries'),
      put('dsseEnvelope.signatures.0.keyid', null)
    )
    await expect(refusal(bundle, signer)).resolves.toEqual(['verified', HASHED])
    const stranger: Signer = {
      key: generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey
    }
    await expect(refusal(bundle, stranger)).resolves.toEqual(['SIGNATURE_INVALID', []])
    await expect(refusal(bundle)).resolves.toEqual(['BUNDLE_HAS_KEY', []])
  })

  it('compares the files, whoever signed', async () => {
    const keyless = instance.sign({ statement: payload })
    await expect(refusal(keyless, ours, CHANGED)).resolves.toEqual(['MODEL_MISMATCH', HASHED])
    const { bundle, signer } = signByKey(
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      'sha256'
    )
    await expect(refusal(bundle, signer, CHANGED)).resolves.toEqual(['MODEL_MISMATCH', HASHED])
  })

  it.each<[string, string, () => [Json, Signer?]]>([
    [
      'IDENTITY_MISMATCH',
      "a stranger's signature",
      () => [instance.sign({ statement: payload }), others]
    ],
    [
      'UNKNOWN_AUTHORITY',
      "another instance's",
      () => [new Instance().sign({ statement: payload })]
    ],
    [
      'LOG_ENTRY_MISSING',
      'one that no log has',
      () => [instance.sign({ statement: payload, log: 'none' })]
    ],
    [
      'SIGNATURE_INVALID',
      'a statement put in the place of another',
      () => {
        const bundle = instance.sign({ statement: payload })
        const other = JSON.stringify(modelStatement(CHANGED))
        put('dsseEnvelope.payload', Buffer.from(other).toString('base64'))(bundle)
        return [bundle]
      }
    ],
    ['NOT_A_STATEMENT', 'the signature of a file', () => [instance.sign()]],
    [
      'PREDICATE_TYPE_MISMATCH',
      'an attestation of something else',
      () => [instance.sign({ statement: statement() })]
    ],
    [
      'MODEL_ROOT',
      'a statement that contradicts itself',
      () => {
        const wrong = structuredClone(payload)
        put('subject.0.digest.sha256', 'f'.repeat(64))(wrong)
        return [instance.sign({ statement: wrong })]
      }
    ],
    [
      'CERTIFICATE_CHAIN',
      'a chain of certificates, as model_signing writes with a PKI',
      () => {
        const bundle = instance.sign({ statement: payload })
        const material = 'verificationMaterial'
        const certificates = [at(bundle, `${material}.certificate`)]
        drop(`${material}.certificate`)(bundle)
        put(`${material}.x509CertificateChain`, { certificates })(bundle)
        return [bundle]
      }
    ]
  ])('refuses before it looks at any file, with %s: %s', async (code, _, make) => {
    const [bundle, signer] = make()
    await expect(refusal(bundle, signer)).resolves.toEqual([code, []])
  })

  it('is no signature of a file', async () => {
    const bundle = parseBundle(JSON.stringify(instance.sign({ statement: payload })), 'b')
    const common = { roots, digest: digestOf(FILE), signer: ours }
    const asFile = verifyBundle(bundle, { ...common, expect: { kind: 'message-signature' } })
    await expect(asFile).rejects.toMatchObject({ code: 'NOT_A_MESSAGE_SIGNATURE' })
  })

  it('reads 20,000 files', async () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`a/${i}`, `${i}`]))
    const bundle = instance.sign({ statement: modelStatement(many) })
    const { root } = await verify(bundle, filesOf(many))
    expect(root).toBe(at(modelStatement(many), 'subject.0.digest.sha256'))
  })
})
