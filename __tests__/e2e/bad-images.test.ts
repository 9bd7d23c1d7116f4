import { describe, expect, it } from '@jest/globals'
import { digestOf } from '../../sandbox/registry/digest.ts'
import { pushImage } from '../../sandbox/image.ts'
import { moveSignatures } from '../../sandbox/referrer.ts'
import { push, referrersOf, type Image } from './image.ts'
import { expectRefusal } from './refusal.ts'
import { useScene } from './scene.ts'

const scene = useScene()

const NOWHERE = `sha256:${'0'.repeat(64)}`

/** The step was refused, and no service was asked for a signature. */
async function expectUnsigned(
  inputs: Record<string, string>,
  code: string,
  words: string | RegExp
): Promise<void> {
  const before = (await scene.sandbox.requests()).length
  expectRefusal(await scene.sign(inputs), code, words)
  const services = (await scene.sandbox.requests()).slice(before).map(({ service }) => service)
  expect(services).not.toContain('fulcio')
  expect(services).not.toContain('rekor')
}

/** The step came to a verdict, and it is no. */
async function expectRefused(images: string, code: string, words: string | RegExp): Promise<void> {
  const run = await scene.verify({ images })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false', images: '' } })
  const [first] = run.annotations
  expect(first?.message).toMatch(words)
  expect(first?.message).toMatch(new RegExp(`\\[${code}\\]$`))
}

describe('sign refuses', () => {
  it('a tag without digest, and says which digest it has now', async () => {
    const { name, ref } = await push(scene, 'registry', { tag: 'v1' })
    const images = `${name}:v1`
    await expectUnsigned({ images }, 'IMAGE_TAG_ONLY', `the tag now is ${ref}`)
    await expectUnsigned({ images: name }, 'IMAGE_TAG_ONLY', 'has no digest, and a tag may')
    expectRefusal(
      { ...(await scene.verify({ images })), outputs: {} },
      'IMAGE_TAG_ONLY',
      `the tag now is ${ref}`
    )
  })

  it('a digest that is not there, or in another repository', async () => {
    const [one, other] = [await push(scene), await push(scene)]
    await expectUnsigned({ images: `${one.name}@${NOWHERE}` }, 'IMAGE_NOT_FOUND', 'there is no')
    const elsewhere = `${one.name}@${other.digest}`
    await expectUnsigned({ images: elsewhere }, 'IMAGE_NOT_FOUND', 'one of this repository')
  })

  it.each([
    [{ images: 'UPPER/../x' }, 'IMAGE_REFERENCE_INVALID', 'not an image reference'],
    [{ images: `ghcr.io/o/app@sha256:12` }, 'IMAGE_REFERENCE_INVALID', '64 small hexadecimal'],
    [{ images: 'ghcr.io/o/app', digest: 'v1' }, 'IMAGE_REFERENCE_INVALID', 'digest is "v1"'],
    [{ images: '' }, 'INPUT_INVALID', 'images is empty'],
    [{ images: 'a/b', annotations: 'x' }, 'INPUT_INVALID', 'which is not key=value'],
    [{ files: 'a', annotations: 'x=1' }, 'INPUT_INVALID', 'and no images are given'],
    [{ files: 'a', 'signature-format': 'both' }, 'INPUT_INVALID', 'and no images are given'],
    [{ images: 'a/b', annotations: 'x=1\nx=2' }, 'INPUT_INVALID', 'whose key another line has'],
    [{ images: 'a/b', 'signature-format': 'old' }, 'INPUT_INVALID', 'signature-format is "old"'],
    [{ images: 'a/b', publish: 'local' }, 'INPUT_INVALID', 'no place for the bundles of images'],
    [{ images: 'a/b', publish: 'registry\nlocal' }, 'INPUT_INVALID', 'publish names local'],
    [{ files: 'a', publish: 'registry' }, 'INPUT_INVALID', 'no place for the bundles of files'],
    [{ images: 'a/b', publish: 'default\nlocal' }, 'INPUT_INVALID', '"default" and others'],
    [
      { images: 'a/b', publish: 'artifact', 'signature-format': 'both' },
      'INPUT_INVALID',
      'in a registry alone'
    ]
  ])('%j', async (inputs, code, words) => {
    await scene.write('a', 'one')
    await expectUnsigned(inputs, code, words)
  })

  it('a registry that it may not write to, before anything is signed', async () => {
    const { ref } = await push(scene)
    await scene.sandbox.setRegistry({ readOnly: true })
    await expectUnsigned({ images: ref }, 'REGISTRY_FORBIDDEN', 'be written to')
  })

  it('a registry that wants credentials, without any and with wrong ones', async () => {
    const { ref } = await push(scene)
    await scene.sandbox.setRegistry({ auth: 'bearer' })
    await expectUnsigned({ images: ref }, 'REGISTRY_UNAUTHORIZED', 'docker/login-action')
    await scene.sandbox.setRegistry({ auth: 'basic' })
    const auth = Buffer.from('somebody:wrong-password').toString('base64')
    await scene.write('docker/config.json', JSON.stringify({ auths: { [hostOf(ref)]: { auth } } }))
    const env = { DOCKER_CONFIG: `${scene.workspace}/docker` }
    const run = await scene.sign({ images: ref }, { env })
    expectRefusal(run, 'REGISTRY_UNAUTHORIZED', 'does not take the credentials')
    expect(run.raw).not.toContain('wrong-password')
  })

  it('a host that is not there', async () => {
    const images = `registry.invalid/o/app@${NOWHERE}`
    await expectUnsigned({ images }, 'SERVICE_UNREACHABLE', 'registry.invalid')
  })

  it('bytes that are not those of the digest', async () => {
    const { ref } = await push(scene)
    await scene.sandbox.fault({ service: 'registry', kind: 'wrong-bytes' })
    await expectUnsigned({ images: ref }, 'REGISTRY_DIGEST_MISMATCH', 'do not use')
  })

  it('a registry that says another digest than its bytes have', async () => {
    const { ref } = await push(scene)
    await scene.sandbox.fault({ service: 'registry', kind: 'wrong-digest-header' })
    await expectUnsigned({ images: ref }, 'REGISTRY_DIGEST_MISMATCH', ref.slice(-64))
  })

  it('a manifest of more than 8 MiB', async () => {
    const { ref } = await push(scene)
    await scene.sandbox.fault({ service: 'registry', kind: 'huge' })
    await expectUnsigned({ images: ref }, 'SERVICE_ANSWER_INVALID', 'more than the 8388608 bytes')
  })

  it('a list of referrers that is none', async () => {
    const { ref } = await push(scene)
    await scene.sandbox.fault({ service: 'registry', kind: 'not-an-index', part: 'content' })
    const run = await scene.sign({ images: ref })
    expectRefusal(run, 'REGISTRY_ANSWER_INVALID', 'referrers')
  })

  it.each([
    ['realm-elsewhere', 'REGISTRY_REALM_REFUSED'],
    ['realm-insecure', 'REGISTRY_REALM_REFUSED']
  ] as const)('%s, and sends no credentials there', async (kind, code) => {
    const { ref } = await push(scene)
    await scene.sandbox.setRegistry({ auth: 'bearer' })
    await scene.sandbox.fault({ service: 'registry', kind })
    const env = { DOCKER_CONFIG: scene.sandbox.dockerConfig }
    expectRefusal(await scene.sign({ images: ref }, { env }), code, 'credentials')
    expect(await scene.toldSecrets()).not.toContain('elsewhere')
  })
})

describe('credentials', () => {
  it.each(['basic', 'bearer'] as const)('of docker are used, %s', async auth => {
    const { ref } = await push(scene)
    await scene.sandbox.setRegistry({ auth })
    const env = { DOCKER_CONFIG: scene.sandbox.dockerConfig }
    expect(await scene.sign({ images: ref }, { env })).toMatchObject({ exitCode: 0 })
    expect(await scene.verify({ images: ref }, { env })).toMatchObject({ exitCode: 0 })
  })

  it('survive tokens that end in the middle of an upload', async () => {
    const { ref } = await push(scene)
    await scene.sandbox.setRegistry({ auth: 'bearer', expireAfterRequests: 2 })
    const env = { DOCKER_CONFIG: scene.sandbox.dockerConfig }
    expect(await scene.sign({ images: ref }, { env })).toMatchObject({ exitCode: 0 })
  })

  it.each(['redirect-blob', 'upload-elsewhere', 'redirect'] as const)(
    'go to no other host, %s',
    async kind => {
      const { ref } = await push(scene)
      const env = { DOCKER_CONFIG: scene.sandbox.dockerConfig }
      await scene.sign({ images: ref }, { env })
      await scene.sandbox.setRegistry({ auth: 'basic' })
      await scene.sandbox.fault({ service: 'registry', kind })
      await scene.verify({ images: ref }, { env })
      await scene.sign({ images: ref, annotations: 'a=b' }, { env })
      const requests = await scene.sandbox.requests()
      const elsewhere = requests.filter(({ service }) => service === 'elsewhere')
      expect(elsewhere.length).toBeGreaterThan(0)
      expect(elsewhere.every(({ secret }) => !secret)).toBe(true)
    }
  )

  it('are not needed to push in chunks, where the registry wants that', async () => {
    const { ref } = await push(scene)
    await scene.sandbox.setRegistry({ chunkOnly: true })
    expect(await scene.sign({ images: ref })).toMatchObject({ exitCode: 0 })
  })
})

describe('verify refuses', () => {
  it('an image without a signature', async () => {
    const { ref } = await push(scene)
    await expectRefused(ref, 'NO_BUNDLE', 'has no signature in its registry')
  })

  it('a signature that was moved from another image', async () => {
    const [image, other] = [await push(scene), await push(scene)]
    await scene.sign({ images: image.ref })
    const moved = await pushImage(image.url, image.path, { content: 'moved' })
    await moveSignatures(image.url, image.path, image, moved)
    await expectRefused(`${image.name}@${moved.digest}`, 'SUBJECT_MISMATCH', 'something else')
    await expectRefused(other.ref, 'NO_BUNDLE', 'has no signature')
  })

  it('an attestation in place of a signature', async () => {
    const image = await push(scene)
    await scene.sign({ images: image.ref })
    const run = await scene.verify({
      images: image.ref,
      'predicate-type': 'https://slsa.dev/provenance/v1'
    })
    expect(run.annotations[0]?.message).toMatch(/\[PREDICATE_TYPE_MISMATCH\]$/)
  })

  it("another workflow's signature, and says whose it is", async () => {
    const image = await push(scene)
    await scene.sign({ images: image.ref, 'signature-format': 'both' })
    const run = await scene.verify({
      images: image.ref,
      'signer-workflow': '.github/workflows/other.yml'
    })
    expect(run.annotations[0]?.message).toMatch(/\[NO_BUNDLE_VERIFIES\]$/)
    expect(run.log.match(/\[IDENTITY_MISMATCH\]/g)).toHaveLength(2)
  })

  it('an image where a place could not be looked into, with what was found there', async () => {
    const image = await push(scene)
    const request = `/referrers/${image.digest}`
    await scene.sandbox.fault({ service: 'registry', kind: 'status', status: 403, request })
    await expectRefused(image.ref, 'COULD_NOT_LOOK', 'is not known, as it could not be read')
  })

  it('nothing for junk beside a good signature, whichever form has it', async () => {
    const image = await push(scene)
    await attachJunk(image)
    await scene.sign({ images: image.ref, 'signature-format': 'legacy' })
    expect(await referrersOf(image)).toHaveLength(1)
    expect(await scene.verify({ images: image.ref })).toMatchObject({ exitCode: 0 })
  })

  it('nothing where the one place has a good signature and the other cannot be read', async () => {
    const image = await push(scene)
    await scene.sign({ images: image.ref })
    const request = `${image.digest.replace(':', '-')}.sig`
    await scene.sandbox.fault({ service: 'registry', kind: 'status', status: 403, request })
    expect(await scene.verify({ images: image.ref })).toMatchObject({ exitCode: 0 })
  })

  it('bytes that are not those of the digest', async () => {
    const image = await push(scene)
    await scene.sign({ images: image.ref })
    await scene.sandbox.fault({ service: 'registry', kind: 'wrong-bytes', times: 1 })
    const run = await scene.verify({ images: image.ref })
    expectRefusal({ ...run, outputs: {} }, 'REGISTRY_DIGEST_MISMATCH', 'do not use')
  })
})

function hostOf(ref: string): string {
  return ref.slice(0, ref.indexOf('/'))
}

/** Refers something to the image that calls itself a bundle. */
async function attachJunk({ url, path, ...subject }: Image): Promise<void> {
  const type = 'application/vnd.dev.sigstore.bundle.v0.3+json'
  const junk = Buffer.from('{"mediaType":"junk"}')
  const begun = await fetch(`${url}/v2/${path}/blobs/uploads/`, { method: 'POST' })
  const upload = new URL(begun.headers.get('location') ?? '', url)
  upload.searchParams.set('digest', digestOf(junk))
  await fetch(upload, { method: 'PUT', body: new Uint8Array(junk) })
  const blob = { mediaType: type, digest: digestOf(junk), size: junk.length }
  const { mediaType, digest, size } = subject
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    artifactType: type,
    config: blob,
    layers: [blob],
    subject: { mediaType, digest, size }
  })
  const address = `${url}/v2/${path}/manifests/${digestOf(Buffer.from(manifest))}`
  const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' }
  const answer = await fetch(address, { method: 'PUT', headers, body: manifest })
  if (!answer.ok) throw new Error(await answer.text())
}
