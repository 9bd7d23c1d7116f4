import { beforeEach, describe, expect, it } from '@jest/globals'

import { KeylessError } from '../../../src/errors.ts'
import { createAttacher } from '../../../src/registry/attachments/attacher.ts'
import {
  bundleEntry,
  bundleManifest,
  findBundles
} from '../../../src/registry/attachments/bundle.ts'
import type { Descriptor } from '../../../src/registry/descriptor.ts'
import { digestOf } from '../../../src/registry/digest.ts'
import { createFakeRegistry, REPOSITORY, type FakeRegistry } from './fake-registry.ts'
import { createVirtualTime, type VirtualTime } from './virtual-time.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const SIGN = 'https://sigstore.dev/cosign/sign/v1'
const subject: Descriptor = {
  mediaType: MANIFEST,
  size: 401,
  digest: 'sha256:562abff86a4141ff0112c81dac165dc58ed1d6490b8dc4f63971967099e19140'
}
const TAG = subject.digest.replace(':', '-')
const bundle = (text: string) => ({
  ...{ subject, text, predicateType: SIGN, created: new Date('2026-11-23T14:36:50.987Z') }
})

let time: VirtualTime
beforeEach(() => {
  time = createVirtualTime()
})
const attach = (registry: FakeRegistry, ...texts: string[]) => {
  const attacher = createAttacher({ registry, time })
  return time.run(Promise.all(texts.map(text => attacher.bundle(REPOSITORY, bundle(text)))))
}
const find = (registry: FakeRegistry) => time.run(findBundles(registry, REPOSITORY, subject.digest))

describe('the manifest', () => {
  it('is byte for byte that of cosign 3.1.3', () => {
    // As it was read from a registry; only the layer is another.
    const layer = `"size":2,"digest":"${digestOf(Buffer.from('{}'))}"`
    expect(bundleManifest(bundle('{}')).toString()).toBe(
      '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"},"layers":[{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",' +
        layer +
        '}],"annotations":{"dev.sigstore.bundle.content":"dsse-envelope","dev.sigstore.bundle.predicateType":"https://sigstore.dev/cosign/sign/v1","org.opencontainers.image.created":"2026-11-23T14:36:50Z"},"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":401,"digest":"sha256:562abff86a4141ff0112c81dac165dc58ed1d6490b8dc4f63971967099e19140"},"artifactType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'
    )
  })

  it('describes the image by type, size and digest alone', () => {
    const wordy = { ...subject, platform: { os: 'linux' }, annotations: { k: 'v' } }
    expect(bundleManifest({ ...bundle('{}'), subject: wordy })).toEqual(
      bundleManifest(bundle('{}'))
    )
  })

  it('is listed with its type and annotations, as the distribution specification asks', () => {
    const bytes = bundleManifest(bundle('{}'))
    expect(bundleEntry(bytes, bundle('{}'))).toEqual({
      ...{ mediaType: MANIFEST, size: bytes.length, digest: digestOf(bytes), artifactType: BUNDLE },
      annotations: {
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': SIGN,
        'org.opencontainers.image.created': '2026-11-23T14:36:50Z'
      }
    })
  })
})

describe('attaching', () => {
  it('leaves the list to a registry that has the referrers API', async () => {
    const registry = createFakeRegistry({ time, referrers: true })
    const [attached] = await attach(registry, 'a')
    const digest = digestOf(bundleManifest(bundle('a')))
    expect(attached).toEqual({ name: `registry.test/o/app@${digest}`, guarded: true })
    expect(registry.writes).toBe(0)
    expect(registry.blobs.get(digestOf(Buffer.from('{}')))?.toString()).toBe('{}')
  })

  it('waits until a registry shows what it took', async () => {
    const registry = createFakeRegistry({ time, referrers: true, stale: 20_000 })
    await attach(registry, 'a')
    expect(time.now()).toBeGreaterThan(20_000)
    expect(await find(registry)).toHaveLength(1)
  })

  it('does not claim what the registry never shows', async () => {
    const registry = createFakeRegistry({ time, referrers: true, stale: Infinity })
    await expect(attach(registry, 'a')).rejects.toMatchObject({ code: 'ATTACHMENT_NOT_LISTED' })
    expect(time.now()).toBeGreaterThan(60_000)
    expect(time.now()).toBeLessThan(90_000)
  })

  it('keeps the list itself where the registry does not, in one write a run', async () => {
    const registry = createFakeRegistry({ time })
    const attached = await attach(registry, 'a', 'b', 'c')
    expect(attached.map(({ tag }) => tag)).toEqual([TAG, TAG, TAG])
    const { mediaType, json } = registry.tag(TAG) ?? {}
    expect(mediaType).toBe(INDEX)
    const entries = ['a', 'b', 'c'].map(text =>
      bundleEntry(bundleManifest(bundle(text)), bundle(text))
    )
    expect(json).toEqual({
      ...{ schemaVersion: 2, mediaType: INDEX },
      manifests: entries.sort((a, b) => (a.digest < b.digest ? -1 : 1))
    })
    expect(registry.writes).toBeLessThanOrEqual(3)
  })

  it('looks again at the end, puts back what is gone, and says what stays gone', async () => {
    const registry = createFakeRegistry({ time })
    const attacher = createAttacher({ registry, time })
    await time.run(attacher.bundle(REPOSITORY, bundle('a')))
    registry.setTag(TAG, undefined)
    expect(await time.run(attacher.settle())).toEqual([])
    expect(await find(registry)).toHaveLength(1)

    registry.setTag(TAG, undefined)
    registry.putManifest = () => Promise.resolve(false)
    expect(await time.run(attacher.settle())).toEqual([
      {
        ...{ repository: REPOSITORY, tag: TAG },
        error: expect.objectContaining({ code: 'ATTACHMENT_NOT_LISTED' })
      }
    ])
  })

  it('fails with a reason where the list nests too deep to be written again', async () => {
    const registry = createFakeRegistry({ time })
    const deep = `{"manifests":[],"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    registry.setTag(TAG, { mediaType: INDEX, bytes: Buffer.from(deep) })
    await expect(attach(registry, 'a')).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
  })
})

describe('finding', () => {
  const push = (registry: FakeRegistry, manifest: object): Descriptor => {
    const document = { schemaVersion: 2, mediaType: MANIFEST, ...manifest }
    const bytes = Buffer.from(JSON.stringify(document))
    const digest = digestOf(bytes)
    registry.manifests.set(digest, { mediaType: document.mediaType, bytes })
    return { mediaType: document.mediaType, size: bytes.length, digest }
  }
  const list = (registry: FakeRegistry, ...manifests: Descriptor[]): void => {
    const document = { schemaVersion: 2, mediaType: INDEX, manifests }
    registry.setTag(TAG, { mediaType: INDEX, bytes: Buffer.from(JSON.stringify(document)) })
  }
  const layer = (registry: FakeRegistry, text: string, mediaType = BUNDLE): Descriptor => {
    const bytes = Buffer.from(text)
    registry.blobs.set(digestOf(bytes), bytes)
    return { mediaType, size: bytes.length, digest: digestOf(bytes) }
  }

  it.each([true, false])('finds what was attached (referrers API: %s)', async referrers => {
    const registry = createFakeRegistry({ time, referrers })
    await attach(registry, 'a', 'b')
    const found = await find(registry)
    const texts = found.map(each => ('value' in each ? each.value.toString() : each.error.code))
    expect(texts.sort()).toEqual(['a', 'b'])
    expect(found[0]?.name).toMatch(/^registry\.test\/o\/app@sha256:[0-9a-f]{64}$/)
  })

  it('looks at the tag beside the API too', async () => {
    const registry = createFakeRegistry({ time, referrers: true })
    await attach(registry, 'a')
    list(registry, push(registry, { layers: [layer(registry, 'b')], subject }))
    expect(await find(registry)).toHaveLength(2)
  })

  it('takes no notice of a tag of another kind beside the API, and refuses it where it is all', async () => {
    const other = { mediaType: MANIFEST, bytes: Buffer.from('{}') }
    const modern = createFakeRegistry({ time, referrers: true })
    await attach(modern, 'a')
    modern.setTag(TAG, other)
    expect(await find(modern)).toHaveLength(1)
    const old = createFakeRegistry({ time })
    old.setTag(TAG, other)
    await expect(find(old)).rejects.toMatchObject({ code: 'ATTACHMENT_TAG_INVALID' })
  })

  it('keeps what the API lists where the tag beside it cannot be read', async () => {
    const registry = createFakeRegistry({ time, referrers: true })
    await attach(registry, 'a')
    registry.setTag(TAG, { mediaType: INDEX, bytes: Buffer.from('{"manifests":[7]}') })
    expect(await find(registry)).toMatchObject([
      { value: Buffer.from('a') },
      { name: `registry.test/o/app:${TAG}`, error: { code: 'MANIFEST_INVALID' } }
    ])
    const real = { ...registry }
    registry.getManifest = (repository, reference) =>
      reference === TAG
        ? Promise.reject(new KeylessError('REGISTRY_FORBIDDEN', 'No.'))
        : real.getManifest(repository, reference)
    expect(await find(registry)).toMatchObject([
      { value: Buffer.from('a') },
      { error: { code: 'REGISTRY_FORBIDDEN' } }
    ])
  })

  it('holds no more than is held at once, and small ones before large ones', async () => {
    const registry = createFakeRegistry({ time })
    const sized = (text: string, size: number): Descriptor =>
      push(registry, { layers: [{ ...layer(registry, text), size }], subject })
    const large = ['a', 'b', 'c'].map(text => sized(text, 60 * 2 ** 20))
    list(registry, ...large, sized('signature', 6000))
    let fetched = 0
    const real = { ...registry }
    registry.getBlob = (repository, descriptor) => {
      fetched += descriptor.size
      return real.getBlob(repository, descriptor)
    }
    const found = await find(registry)
    expect(found.map(each => ('value' in each ? each.value.toString() : each.error.code))).toEqual([
      'a',
      'b',
      'ATTACHMENT_TOO_MANY',
      'signature'
    ])
    expect(fetched).toBe(120 * 2 ** 20 + 6000)
  })

  it('finds nothing where there is nothing', async () => {
    expect(await find(createFakeRegistry({ time }))).toEqual([])
    expect(await find(createFakeRegistry({ time, referrers: true }))).toEqual([])
  })

  it('goes by the manifest and not by the list, and takes any version', async () => {
    const registry = createFakeRegistry({ time })
    const old = layer(registry, 'old', 'application/vnd.dev.sigstore.bundle+json;version=0.2')
    const manifest = push(registry, { layers: [old], subject })
    list(registry, { ...manifest, artifactType: 'application/vnd.oci.empty.v1+json' })
    expect(await find(registry)).toMatchObject([{ value: Buffer.from('old') }])
  })

  it('leaves out what is no bundle', async () => {
    const registry = createFakeRegistry({ time })
    list(
      registry,
      push(registry, { layers: [layer(registry, 'sbom', 'application/spdx+json')], subject }),
      push(registry, { mediaType: INDEX, manifests: [], subject })
    )
    expect(await find(registry)).toEqual([])
  })

  it.each<[string, (registry: FakeRegistry) => Descriptor, string]>([
    [
      'of another image',
      r =>
        push(r, {
          layers: [layer(r, 'x')],
          subject: { ...subject, digest: digestOf(Buffer.from('other')) }
        }),
      'ATTACHMENT_ELSEWHERE'
    ],
    ['of no image', r => push(r, { layers: [layer(r, 'x')] }), 'ATTACHMENT_ELSEWHERE'],
    [
      'in two layers',
      r => push(r, { layers: [layer(r, 'x'), layer(r, 'y')], subject }),
      'ATTACHMENT_UNREADABLE'
    ],
    [
      'in a layer of another type',
      r => push(r, { artifactType: BUNDLE, layers: [layer(r, 'x', 'text/plain')], subject }),
      'ATTACHMENT_UNREADABLE'
    ],
    [
      'of more than 64 MiB',
      r => push(r, { layers: [{ ...layer(r, 'x'), size: 2 ** 26 + 1 }], subject }),
      'ATTACHMENT_UNREADABLE'
    ],
    [
      'whose bytes are gone',
      r =>
        push(r, { layers: [{ ...layer(r, 'x'), digest: digestOf(Buffer.from('gone')) }], subject }),
      'ATTACHMENT_UNREADABLE'
    ],
    [
      'whose manifest is gone',
      () => ({ mediaType: MANIFEST, size: 1, digest: digestOf(Buffer.from('gone')) }),
      'ATTACHMENT_UNREADABLE'
    ],
    ['whose manifest is nonsense', r => push(r, { layers: [7], subject }), 'MANIFEST_INVALID']
  ])('keeps a bundle %s as a candidate that never passes', async (_, junk, code) => {
    const registry = createFakeRegistry({ time })
    const good = push(registry, { layers: [layer(registry, 'good')], subject })
    list(registry, junk(registry), good)
    expect(await find(registry)).toMatchObject([
      { error: { code } },
      { value: Buffer.from('good') }
    ])
  })

  it('keeps a bundle that the registry does not give out, too', async () => {
    const registry = createFakeRegistry({ time })
    await attach(registry, 'a')
    registry.getBlob = () => Promise.reject(new KeylessError('REGISTRY_DIGEST_MISMATCH', 'Lies.'))
    expect(await find(registry)).toMatchObject([{ error: { code: 'REGISTRY_DIGEST_MISMATCH' } }])
  })

  it('does not take a list that cannot be had for an empty one', async () => {
    const registry = createFakeRegistry({ time })
    registry.listReferrers = () => Promise.reject(new KeylessError('REGISTRY_FORBIDDEN', 'No.'))
    await expect(find(registry)).rejects.toMatchObject({ code: 'REGISTRY_FORBIDDEN' })
  })

  it('looks at a thousand of them, and says how many there are', async () => {
    const registry = createFakeRegistry({ time, latency: 1 })
    const good = push(registry, { layers: [layer(registry, 'good')], subject })
    const many = Array.from({ length: 1001 }, (_, i) => ({
      ...good,
      digest: digestOf(Buffer.from(`flood ${i}`))
    }))
    list(registry, good, ...many)
    const found = await find(registry)
    expect(found).toHaveLength(1001)
    expect(found.at(-1)).toMatchObject({
      error: { code: 'ATTACHMENT_TOO_MANY', message: expect.stringContaining('lists 1002') }
    })
  })
})
