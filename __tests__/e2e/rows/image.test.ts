import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { serializeBundle } from '../../../src/sigstore/bundle.ts'
import { openSession } from '../../../src/sigstore/session.ts'
import { fakeLog } from '../../http/loopback.ts'
import { client, startInstance } from '../../sigstore/instance.ts'
import { push, type Image } from '../image.ts'
import { openScene, type Scene } from '../open-scene.ts'

const PROVENANCE = 'https://slsa.dev/provenance/v1'

let scene: Scene
let image: Image
beforeAll(async () => {
  const instance = await startInstance()
  scene = await openScene(instance.sandbox)
  image = await push(scene)
  const sha256 = image.digest.replace('sha256:', '')
  const session = openSession({ ...instance, http: client(), log: fakeLog() })
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: image.name, digest: { sha256 } }],
    predicateType: PROVENANCE,
    predicate: {}
  }
  const attestation = await session.signStatement(Buffer.from(JSON.stringify(statement)))
  const signature = await session.signDigest(Buffer.from(sha256, 'hex'))
  await scene.write('attestation.sigstore.json', serializeBundle(attestation))
  await scene.write('signature.sigstore.json', serializeBundle(signature))
})
afterAll(async () => {
  await scene.close()
})

it('an attestation of the image passes for one, where that is asked for', async () => {
  const inputs = { images: image.ref, bundle: 'attestation.sigstore.json' }
  const run = await scene.verify({ ...inputs, 'predicate-type': PROVENANCE })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verified: 'true' } })
})

it.each([
  ['an attestation under the right identity', 'attestation'],
  ["a plain signature of the manifest's bytes", 'signature']
])('row 16: NOT_AN_IMAGE_SIGNATURE: %s', async (_, name) => {
  const run = await scene.verify({ images: image.ref, bundle: `${name}.sigstore.json` })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false', images: '' } })
  expect(run.annotations[0]?.message).toMatch(/\[NOT_AN_IMAGE_SIGNATURE\]$/)
})
