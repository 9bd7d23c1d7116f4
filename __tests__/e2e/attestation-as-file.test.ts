import { createHash } from 'node:crypto'
import { dsse } from '@sigstore/core'
import { HashAlgorithm } from '@sigstore/protobuf-specs'
import type { Bundle } from '@sigstore/bundle'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { STATEMENT_TYPE, serializeBundle } from '../../src/sigstore/bundle.ts'
import { hashedRekord, logEntry } from '../../src/sigstore/rekor.ts'
import { openSession } from '../../src/sigstore/session.ts'
import { client, startInstance, type Instance } from '../sigstore/instance.ts'
import { fakeLog } from '../http/loopback.ts'
import { openScene, type Scene } from './scene.ts'

let instance: Instance
let scene: Scene
beforeAll(async () => {
  instance = await startInstance()
  scene = await openScene(instance.sandbox)
})
afterAll(async () => {
  await scene.close()
})

/**
 * A DSSE signature is made over bytes that can lie in a file, and anybody may log it once more as
 * one of that file. Then everything about it verifies: signature, certificate, log, time.
 */
it('an attestation does not pass for a signature of the bytes that it was made over', async () => {
  const http = client()
  const { services, identity } = instance
  const session = openSession({ services, identity, http, log: fakeLog() })
  const statement = Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'x', digest: { sha256: '0'.repeat(64) } }],
      predicateType: 'https://example.com/test-result/v1',
      predicate: { result: 'FAILED' }
    })
  )
  const attestation = await session.signStatement(statement)
  const { content, verificationMaterial: material } = attestation
  if (content.$case !== 'dsseEnvelope' || material.content.$case !== 'certificate') throw Error()
  const file = dsse.preAuthEncoding(STATEMENT_TYPE, statement)
  const digest = createHash('sha256').update(file).digest()
  const signature = content.dsseEnvelope.signatures[0]?.sig ?? Buffer.alloc(0)
  const certificate = material.content.certificate.rawBytes
  const proposal = hashedRekord({ sha256: digest, signature, certificate })
  const entry = await logEntry(http, services.rekor?.url ?? '', proposal, Infinity)
  const disguised: Bundle = {
    ...attestation,
    content: {
      $case: 'messageSignature',
      messageSignature: { messageDigest: { algorithm: HashAlgorithm.SHA2_256, digest }, signature }
    },
    verificationMaterial: { ...material, tlogEntries: [entry] }
  }
  await scene.write('file', file)
  await scene.write('file.sigstore.json', serializeBundle(disguised))

  const run = await scene.verify({ files: 'file' })

  expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
  expect(run.annotations[0]?.message).toMatch(/\[FILE_IS_DSSE\]$/)
})
