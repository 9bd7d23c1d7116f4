import { beforeEach, describe, expect, it } from '@jest/globals'

import type { Descriptor } from '../../../src/registry/descriptor.ts'
import { digestOf } from '../../../src/registry/digest.ts'
import { referrersForm } from '../../../src/registry/attachments/referrers.ts'
import { SharedTag } from '../../../src/registry/attachments/shared-tag.ts'
import { KeylessError } from '../../../src/errors.ts'
import { createFakeRegistry, REPOSITORY, type FakeRegistry } from './fake-registry.ts'
import { createVirtualTime, type VirtualTime } from './virtual-time.ts'

const TAG = 'sha256-aa'
const form = referrersForm(REPOSITORY, TAG)
const INDEX = 'application/vnd.oci.image.index.v1+json'

const entry = (text: string): Descriptor => ({
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  size: text.length,
  digest: digestOf(Buffer.from(text))
})
const index = (...manifests: Descriptor[]): { mediaType: string; bytes: Buffer } => ({
  mediaType: INDEX,
  bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }))
})

let time: VirtualTime
beforeEach(() => {
  time = createVirtualTime()
})

const open = (registry: FakeRegistry, clock = time): SharedTag =>
  new SharedTag({
    ...{ registry, repository: REPOSITORY, tag: TAG, form, promises: new Map(), time: clock }
  })
const held = (registry: FakeRegistry): string[] =>
  ((registry.tag(TAG)?.json.manifests ?? []) as Descriptor[]).map(each => each.digest).sort()
const digests = (...texts: string[]): string[] => texts.map(text => entry(text).digest).sort()

describe('fifty writers who do not know each other', () => {
  const texts = Array.from({ length: 50 }, (_, i) => `writer ${i}`)

  it.each([
    ['with ETags', { etags: true }],
    ['with ETags that mean nothing', { etags: true, conditions: false }],
    ['without ETags', { etags: false }],
    ['where only a new tag is guarded', { etags: false, conditions: true }],
    ['with ETags and reads 2 s old', { etags: true, stale: 2000 }],
    ['without ETags and reads 2 s old', { etags: false, stale: 2000 }],
    ['without ETags and reads 5 s old', { etags: false, stale: 5000 }],
    ['without ETags and requests of up to 2 s', { etags: false, latency: 2000 }]
  ])('are all listed: %s', async (_, options) => {
    for (const [seed, spread] of [
      [1, 0],
      [2, 2000],
      [3, 10_000]
    ] as const) {
      const clock = createVirtualTime(seed)
      const registry = createFakeRegistry({ time: clock, ...options })
      const writers = texts.map(async text => {
        await clock.sleep(clock.random() * spread)
        await open(registry, clock).add([entry(text)])
      })
      await clock.run(Promise.all(writers))
      expect(held(registry)).toEqual(digests(...texts))
    }
  })
})

it('writes once, and does not watch, where the registry keeps conditions', async () => {
  const registry = createFakeRegistry({ time })
  const tag = open(registry)
  await time.run(tag.add([entry('a')]))
  expect(registry.writes).toBe(1)
  expect(tag.guarded).toBe(true)
  expect(time.now()).toBeLessThan(1000)
})

it('does not believe an ETag before a condition was refused', async () => {
  const registry = createFakeRegistry({ time, conditions: false })
  const tag = open(registry)
  await time.run(tag.add([entry('a')]))
  expect(tag.guarded).toBe(false)
  expect(time.now()).toBeGreaterThan(4000)
})

it('takes no notice of a weak ETag, which never matches', async () => {
  const registry = createFakeRegistry({ time })
  registry.setTag(TAG, index(entry('theirs')))
  const real = { ...registry }
  registry.getManifest = async (...args) => {
    const manifest = await real.getManifest(...args)
    return manifest && { ...manifest, etag: `W/${manifest.etag ?? ''}` }
  }
  await time.run(open(registry).add([entry('a')]))
  expect(held(registry)).toEqual(digests('a', 'theirs'))
})

it('puts back what a careless writer took away while it watched, also of others', async () => {
  const registry = createFakeRegistry({ time, etags: false })
  registry.setTag(TAG, index(entry('theirs')))
  const careless = async (): Promise<void> => {
    await time.sleep(3000)
    registry.setTag(TAG, index(entry('careless')))
  }
  await time.run(Promise.all([open(registry).add([entry('ours')]), careless()]))
  expect(held(registry)).toEqual(digests('careless', 'ours', 'theirs'))
})

it('puts back at a later look what is gone', async () => {
  const registry = createFakeRegistry({ time })
  const tag = open(registry)
  await time.run(tag.add([entry('ours')]))
  registry.setTag(TAG, index(entry('careless')))
  await time.run(tag.check())
  expect(held(registry)).toEqual(digests('careless', 'ours'))
})

it('only looks where nothing is gone', async () => {
  const registry = createFakeRegistry({ time, etags: false })
  const tag = open(registry)
  await time.run(tag.add([entry('ours')]))
  const [before, writes] = [time.now(), registry.writes]
  await time.run(tag.check())
  expect(registry.writes).toBe(writes)
  expect(time.now() - before).toBeLessThan(200)
})

it('merges what one run adds into one write', async () => {
  const registry = createFakeRegistry({ time })
  const tag = open(registry)
  const texts = Array.from({ length: 20 }, (_, i) => String(i))
  await time.run(Promise.all(texts.map(text => tag.add([entry(text)]))))
  expect(held(registry)).toEqual(digests(...texts))
  expect(registry.writes).toBe(1)
})

it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
  'writes what is added %i turns after the last look',
  async turns => {
    const registry = createFakeRegistry({ time })
    const tag = open(registry)
    const real = { ...registry }
    const late: Promise<void>[] = []
    const addLate = async (): Promise<void> => {
      for (let i = 0; i < turns; i++) await Promise.resolve()
      await tag.add([entry('late')])
    }
    let looks = 0
    registry.getManifest = async (...args) => {
      const manifest = await real.getManifest(...args)
      if (++looks === 2) late.push(addLate())
      return manifest
    }
    const both = async (): Promise<void> => {
      await tag.add([entry('early')])
      await Promise.all(late)
    }
    await time.run(both())
    expect(looks).toBeGreaterThanOrEqual(2)
    expect(held(registry)).toEqual(digests('early', 'late'))
  }
)

it('keeps what others wrote into the index besides entries, and every field of theirs', async () => {
  const registry = createFakeRegistry({ time })
  const theirs = { ...entry('theirs'), data: 'e30=', artifactType: 'text/x' }
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: INDEX,
      manifests: [theirs],
      annotations: { k: 'v' }
    })
  )
  registry.setTag(TAG, { mediaType: INDEX, bytes })
  await time.run(open(registry).add([entry('ours')]))
  expect(registry.tag(TAG)?.json).toEqual({
    ...{ schemaVersion: 2, mediaType: INDEX, annotations: { k: 'v' } },
    manifests: [theirs, entry('ours')].sort((a, b) => (a.digest < b.digest ? -1 : 1))
  })
})

describe('says', () => {
  it('that an entry was never seen, after a minute', async () => {
    const registry = createFakeRegistry({ time, etags: false })
    registry.putManifest = () => Promise.resolve(true)
    registry.setTag(TAG, index(entry('theirs')))
    await expect(time.run(open(registry).add([entry('ours')]))).rejects.toMatchObject({
      code: 'ATTACHMENT_NOT_LISTED',
      message: expect.stringContaining(`lacks 1 of its 2 entries, ${entry('ours').digest}`)
    })
    expect(time.now()).toBeGreaterThan(60_000)
    expect(time.now()).toBeLessThan(70_000)
  })

  it('that a tag never comes to rest, after five minutes', async () => {
    const registry = createFakeRegistry({ time, etags: false })
    const state = { over: false }
    const busy = async (): Promise<void> => {
      for (let i = 0; !state.over; i++) {
        const entries = (registry.tag(TAG)?.json.manifests ?? []) as Descriptor[]
        registry.setTag(TAG, index(...entries.slice(0, 50), entry(`busy ${i}`)))
        await time.sleep(1000)
      }
    }
    const ours = open(registry)
      .add([entry('ours')])
      .finally(() => {
        state.over = true
      })
    void busy()
    await expect(time.run(ours)).rejects.toMatchObject({ code: 'ATTACHMENT_NOT_LISTED' })
    expect(time.now()).toBeLessThan(310_000)
  })

  it('that the registry refuses every condition', async () => {
    const registry = createFakeRegistry({ time })
    registry.setTag(TAG, index(entry('theirs')))
    let puts = 0
    registry.putManifest = () => Promise.resolve(++puts < 0)
    await expect(time.run(open(registry).add([entry('ours')]))).rejects.toMatchObject({
      code: 'ATTACHMENT_NOT_LISTED'
    })
    expect(puts).toBe(1)
  })

  it('that the tag is something else', async () => {
    const registry = createFakeRegistry({ time })
    registry.setTag(TAG, {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      bytes: Buffer.from('{}')
    })
    await expect(time.run(open(registry).add([entry('ours')]))).rejects.toMatchObject({
      code: 'ATTACHMENT_TAG_INVALID'
    })
    expect(registry.writes).toBe(0)
  })

  it('that the tag cannot be written', async () => {
    const registry = createFakeRegistry({ time })
    registry.setTag(TAG, index(entry('theirs')))
    registry.putManifest = () =>
      Promise.reject(new KeylessError('REGISTRY_REFUSED', 'The registry said no.'))
    await expect(time.run(open(registry).add([entry('ours')]))).rejects.toMatchObject({
      code: 'ATTACHMENT_TAG_REFUSED',
      message: expect.stringMatching(/immutable.*The registry said no\.$/)
    })
  })
})

it('attaches where a tag may be written once', async () => {
  const registry = createFakeRegistry({ time, etags: false })
  const real = { ...registry }
  registry.putManifest = async (...args) => {
    if (registry.tag(TAG)) throw new KeylessError('REGISTRY_REFUSED', 'Immutable.')
    return real.putManifest(...args)
  }
  const tag = open(registry)
  await time.run(tag.add([entry('ours')]))
  expect(held(registry)).toEqual(digests('ours'))
  expect(tag.guarded).toBe(true)
})

it('passes an outage on as it is', async () => {
  const registry = createFakeRegistry({ time })
  registry.putManifest = () => Promise.reject(new KeylessError('SERVICE_UNAVAILABLE', 'Down.'))
  await expect(time.run(open(registry).add([entry('ours')]))).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE'
  })
})
