import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { bundleFromJSON } from '@sigstore/bundle'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify'
import { type Fault, type Sandbox, startSandbox } from '../../sandbox/client.ts'
import {
  type Entry,
  type Identity,
  base64,
  certify,
  dsseEntry,
  envelope,
  hashedrekord,
  propose,
  readEntry,
  sha256,
  stamp
} from './signer.ts'

const hexToBase64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

let sandbox: Sandbox
let root: TrustedRoot
beforeAll(async () => {
  sandbox = await startSandbox()
  root = TrustedRoot.fromJSON(JSON.parse(await readFile(sandbox.trustedRoot, 'utf8')))
})
afterEach(async () => sandbox.clearFaults())
afterAll(async () => sandbox.stop())

const material = (identity: Identity, kind: string, entry: Entry, timestamp: Buffer): unknown => {
  const { inclusionProof: proof, signedEntryTimestamp } = entry.verification
  return {
    certificate: { rawBytes: base64(new X509Certificate(identity.certificates[0] ?? '').raw) },
    tlogEntries: [
      {
        logIndex: String(entry.logIndex),
        logId: { keyId: hexToBase64(entry.logID) },
        kindVersion: { kind, version: '0.0.1' },
        integratedTime: String(entry.integratedTime),
        inclusionPromise: { signedEntryTimestamp },
        inclusionProof: {
          logIndex: String(proof.logIndex),
          rootHash: hexToBase64(proof.rootHash),
          treeSize: String(proof.treeSize),
          hashes: proof.hashes.map(hexToBase64),
          checkpoint: { envelope: proof.checkpoint }
        },
        canonicalizedBody: entry.body
      }
    ],
    timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: base64(timestamp) }] }
  }
}

const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json'

async function signArtifact(artifact: Buffer): Promise<unknown> {
  const identity = await certify(sandbox)
  const proposal = hashedrekord(identity, artifact)
  const signature = proposal.spec.signature.content
  const entry = await readEntry(await propose(sandbox, proposal))
  const timestamp = await stamp(sandbox, Buffer.from(signature, 'base64'))
  const messageDigest = { algorithm: 'SHA2_256', digest: base64(sha256(artifact)) }
  return {
    mediaType,
    verificationMaterial: material(identity, 'hashedrekord', entry, timestamp),
    messageSignature: { messageDigest, signature }
  }
}

async function signStatement(payload: string): Promise<unknown> {
  const identity = await certify(sandbox)
  const signed = envelope(identity, payload)
  const entry = await readEntry(await propose(sandbox, dsseEntry(identity, signed)))
  const timestamp = await stamp(sandbox, Buffer.from(signed.signatures[0]?.sig ?? '', 'base64'))
  return {
    mediaType,
    verificationMaterial: material(identity, 'dsse', entry, timestamp),
    dsseEnvelope: signed
  }
}

/** @sigstore/verify, which knows nothing of the sandbox but its trusted root. */
const verify = (bundle: unknown, artifact?: Buffer): string => {
  const options = { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 2 }
  try {
    const verifier = new Verifier(toTrustMaterial(root), options)
    const signer = verifier.verify(toSignedEntity(bundleFromJSON(bundle), artifact))
    return signer.identity?.subjectAlternativeName ?? 'nobody'
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return code ?? message
  }
}

const IDENTITY =
  'https://github.com/octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'

describe('what is signed in the sandbox', () => {
  it('verifies: a file', async () => {
    const artifact = Buffer.from('weights')
    const bundle = await signArtifact(artifact)
    expect(verify(bundle, artifact)).toBe(IDENTITY)
    expect(verify(bundle, Buffer.from('other weights'))).toBe('SIGNATURE_ERROR')
  })

  it('verifies: a statement', async () => {
    expect(verify(await signStatement('{"_type":"https://in-toto.io/Statement/v1"}'))).toBe(
      IDENTITY
    )
  })

  it('does not verify with the root of another sandbox', async () => {
    const other = await startSandbox()
    const bundle = await signStatement('{}')
    const before = root
    root = TrustedRoot.fromJSON(JSON.parse(await readFile(other.trustedRoot, 'utf8')))
    expect(verify(bundle)).not.toBe(IDENTITY)
    root = before
    await other.stop()
  })

  it.each<[Fault, string]>([
    [{ service: 'fulcio', kind: 'no-sct' }, 'CERTIFICATE_ERROR'],
    [{ service: 'fulcio', kind: 'wrong-sct' }, 'CERTIFICATE_ERROR'],
    [{ service: 'fulcio', kind: 'clock', seconds: -3600 }, 'CERTIFICATE_ERROR'],
    [{ service: 'rekor', kind: 'clock', seconds: 3600 }, 'CERTIFICATE_ERROR'],
    [{ service: 'rekor', kind: 'bad-set' }, 'TLOG_INCLUSION_PROMISE_ERROR'],
    [{ service: 'rekor', kind: 'bad-proof' }, 'TLOG_INCLUSION_PROOF_ERROR'],
    [{ service: 'rekor', kind: 'stale-checkpoint' }, 'TLOG_INCLUSION_PROOF_ERROR'],
    [{ service: 'tsa', kind: 'wrong-timestamp', part: 'imprint' }, 'TIMESTAMP_ERROR'],
    [{ service: 'tsa', kind: 'wrong-timestamp', part: 'authority' }, 'TIMESTAMP_ERROR'],
    [{ service: 'tsa', kind: 'clock', seconds: 3600 }, 'CERTIFICATE_ERROR']
  ])('does not verify with $0', async (fault, code) => {
    await sandbox.fault(fault)
    expect(
      verify(
        await signArtifact(Buffer.from(JSON.stringify(fault))),
        Buffer.from(JSON.stringify(fault))
      )
    ).toBe(code)
  })
})
