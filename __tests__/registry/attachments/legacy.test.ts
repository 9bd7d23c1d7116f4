import { beforeEach, describe, expect, it } from '@jest/globals'

import { KeylessError } from '../../../src/errors.ts'
import { createAttacher } from '../../../src/registry/attachments/attacher.ts'
import { findLegacy, type LegacyLayer } from '../../../src/registry/attachments/legacy.ts'
import { digestOf } from '../../../src/registry/digest.ts'
import { createFakeRegistry, REPOSITORY, type FakeRegistry } from './fake-registry.ts'
import { createVirtualTime, type VirtualTime } from './virtual-time.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const SIMPLE = 'application/vnd.dev.cosign.simplesigning.v1+json'
const DIGEST = 'sha256:562abff86a4141ff0112c81dac165dc58ed1d6490b8dc4f63971967099e19140'
const TAG = `${DIGEST.replace(':', '-')}.sig`
const signature = (payload: string, sig = payload): LegacyLayer => ({
  payload: Buffer.from(payload),
  annotations: { 'dev.cosignproject.cosign/signature': sig }
})

let time: VirtualTime
let registry: FakeRegistry
beforeEach(() => {
  time = createVirtualTime()
  registry = createFakeRegistry({ time })
})
const attach = (...layers: LegacyLayer[]) =>
  time.run(createAttacher({ registry, time }).legacy(REPOSITORY, DIGEST, layers))
const find = () => time.run(findLegacy(registry, REPOSITORY, DIGEST))
const held = () => registry.manifests.get(digestOf(bytesOf()))?.bytes.toString() ?? ''
const bytesOf = () => Buffer.from(JSON.stringify(registry.tag(TAG)?.json))
const set = (document: object, mediaType = MANIFEST) =>
  registry.setTag(TAG, { mediaType, bytes: Buffer.from(JSON.stringify(document)) })
const layerOf = ({ payload, annotations }: LegacyLayer) => {
  registry.blobs.set(digestOf(payload), payload)
  return { mediaType: SIMPLE, size: payload.length, digest: digestOf(payload), annotations }
}

describe('attaching', () => {
  it('writes manifest and config byte for byte as cosign 3.1.3', async () => {
    const [a, b] = [digestOf(Buffer.from('one')), digestOf(Buffer.from('three'))]
    expect(await attach(signature('one', 'MEQ='), signature('three', 'MEY='))).toEqual({
      ...{ name: `registry.test/o/app:${TAG}`, tag: TAG, guarded: true }
    })
    // As both were read from a registry; only digests, sizes and signatures are others.
    const config = `{"architecture":"","created":"0001-01-01T00:00:00Z","history":[{"created":"0001-01-01T00:00:00Z"},{"created":"0001-01-01T00:00:00Z"}],"os":"","rootfs":{"type":"layers","diff_ids":["${a}","${b}"]},"config":{}}`
    const digest = digestOf(Buffer.from(config))
    expect(registry.blobs.get(digest)?.toString()).toBe(config)
    expect(held()).toBe(
      `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":${config.length},"digest":"${digest}"},"layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","size":3,"digest":"${a}","annotations":{"dev.cosignproject.cosign/signature":"MEQ="}},{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","size":5,"digest":"${b}","annotations":{"dev.cosignproject.cosign/signature":"MEY="}}]}`
    )
  })

  it('appends to what is there, in its order, also of one payload and of other types', async () => {
    const theirs = layerOf(signature('same', 'theirs'))
    const other = { ...layerOf(signature('other')), mediaType: 'text/x' }
    const docker = 'application/vnd.docker.distribution.manifest.v2+json'
    set(
      { schemaVersion: 2, mediaType: docker, layers: [other, theirs], annotations: { k: 'v' } },
      docker
    )
    await attach(signature('same', 'ours'))
    expect(registry.tag(TAG)).toMatchObject({
      mediaType: MANIFEST,
      json: {
        ...{ mediaType: MANIFEST, annotations: { k: 'v' } },
        layers: [other, theirs, layerOf(signature('same', 'ours'))]
      }
    })
  })

  it('writes nothing when the very signature is there already', async () => {
    await attach(signature('one'))
    await attach(signature('one'))
    expect(registry.writes).toBe(1)
  })

  it('makes no image that cosign does not read', async () => {
    const layers = Array.from({ length: 1000 }, (_, i) => layerOf(signature(`${i}`)))
    set({ schemaVersion: 2, mediaType: MANIFEST, layers })
    await expect(attach(signature('one more'))).rejects.toMatchObject({
      code: 'ATTACHMENT_TOO_MANY'
    })
    expect(registry.tag(TAG)?.json.layers).toHaveLength(1000)
  })

  it('does not overwrite a tag of another kind', async () => {
    set({ schemaVersion: 2, manifests: [] }, 'application/vnd.oci.image.index.v1+json')
    await expect(attach(signature('one'))).rejects.toMatchObject({ code: 'ATTACHMENT_TAG_INVALID' })
    expect(registry.writes).toBe(0)
  })

  it.each([true, false])(
    'loses none of fifty, each from a run of its own (ETags: %s)',
    async etags => {
      registry = createFakeRegistry({ time, etags })
      const all = Array.from({ length: 50 }, (_, i) => signature('same', `${i}`))
      await time.run(
        Promise.all(
          all.map(each => createAttacher({ registry, time }).legacy(REPOSITORY, DIGEST, [each]))
        )
      )
      const found = await find()
      const values = found.map(each => ('value' in each ? each.value : undefined))
      expect(values).toHaveLength(50)
      expect(values).toEqual(expect.arrayContaining(all))
    }
  )
})

describe('finding', () => {
  it('finds nothing where there is no tag', async () => {
    expect(await find()).toEqual([])
  })

  it('finds what was attached, and fetches a payload once', async () => {
    await attach(signature('same', 'a'), signature('same', 'b'), signature('other'))
    let fetched = 0
    const real = { ...registry }
    registry.getBlob = (...args) => {
      fetched++
      return real.getBlob(...args)
    }
    expect(await find()).toEqual([
      { name: `registry.test/o/app:${TAG}, layer 1`, value: signature('same', 'a') },
      { name: `registry.test/o/app:${TAG}, layer 2`, value: signature('same', 'b') },
      { name: `registry.test/o/app:${TAG}, layer 3`, value: signature('other') }
    ])
    expect(fetched).toBe(2)
  })

  it('leaves out layers of other types', async () => {
    set({ layers: [{ ...layerOf(signature('x')), mediaType: 'text/plain' }] })
    expect(await find()).toEqual([])
  })

  it.each([
    ['that is gone', { digest: digestOf(Buffer.from('gone')) }],
    ['of more than 64 KiB', { size: 2 ** 16 + 1 }]
  ])('keeps a payload %s as a candidate that never passes', async (_, change) => {
    set({ layers: [{ ...layerOf(signature('x')), ...change }, layerOf(signature('good'))] })
    expect(await find()).toMatchObject([
      { error: { code: 'ATTACHMENT_UNREADABLE' } },
      { value: signature('good') }
    ])
  })

  it('keeps a good signature beside one that lies about the size of the same payload', async () => {
    const real = { ...registry }
    registry.getBlob = async (repository, descriptor) => {
      const bytes = await real.getBlob(repository, descriptor)
      if (bytes?.length === descriptor.size) return bytes
      throw new KeylessError('REGISTRY_ANSWER_INVALID', 'Another size.')
    }
    set({ layers: [{ ...layerOf(signature('x')), size: 7 }, layerOf(signature('x'))] })
    expect(await find()).toMatchObject([
      { error: { code: 'REGISTRY_ANSWER_INVALID' } },
      { value: signature('x') }
    ])
  })

  it.each([
    [
      'an index',
      { manifests: [] },
      'application/vnd.oci.image.index.v1+json',
      'ATTACHMENT_TAG_INVALID'
    ],
    ['nonsense', { layers: {} }, MANIFEST, 'MANIFEST_INVALID']
  ])('refuses a tag that is %s', async (_, document, mediaType, code) => {
    set(document, mediaType)
    await expect(find()).rejects.toMatchObject({ code })
  })

  it('looks at a thousand of them', async () => {
    const layer = layerOf(signature('x'))
    const annotated = (i: number) => ({ ...layer, annotations: { i: `${i}` } })
    set({ layers: Array.from({ length: 1002 }, (_, i) => annotated(i)) })
    const found = await find()
    expect(found).toHaveLength(1001)
    expect(found.at(-1)).toMatchObject({ error: { code: 'ATTACHMENT_TOO_MANY' } })
  })
})
