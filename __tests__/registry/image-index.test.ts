import { beforeEach, describe, expect, it } from '@jest/globals'

import type { Descriptor } from '../../src/registry/descriptor.ts'
import { digestOf } from '../../src/registry/digest.ts'
import { checkKind, findPlatforms, isIndex, readIndex } from '../../src/registry/image-index.ts'
import type { Manifest } from '../../src/registry/manifest.ts'
import { createFakeRegistry, REPOSITORY, type FakeRegistry } from './attachments/fake-registry.ts'
import { createVirtualTime, type VirtualTime } from './attachments/virtual-time.ts'

const INDEX = 'application/vnd.oci.image.index.v1+json'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'

const manifestOf = (document: unknown, mediaType = INDEX): Manifest => {
  const bytes = Buffer.from(JSON.stringify(document))
  return { mediaType, bytes, digest: digestOf(bytes) }
}
const child = (text: string, mediaType = MANIFEST): Descriptor => ({
  ...{ mediaType, size: 2, digest: digestOf(Buffer.from(text)) },
  platform: { os: 'linux', architecture: text }
})

describe('readIndex', () => {
  it.each([INDEX, DOCKER_LIST])('reads the children of %s', mediaType => {
    const children = [child('amd64'), child('arm64', DOCKER_MANIFEST), child('more', INDEX)]
    expect(isIndex(mediaType)).toBe(true)
    expect(readIndex(manifestOf({ manifests: children }, mediaType), 'It')).toEqual(children)
  })

  it('gives each digest once, and images only', () => {
    const manifests = [child('a'), child('a'), child('wasm', 'application/wasm')]
    expect(readIndex(manifestOf({ manifests }), 'It')).toEqual([child('a')])
  })

  it.each<[string, unknown, string]>([
    ['an image', { manifests: [] }, MANIFEST],
    ['a list', [], INDEX],
    ['without manifests', { schemaVersion: 2 }, INDEX],
    ['with something else than manifests', { manifests: {} }, INDEX],
    ['with a child without digest', { manifests: [{ mediaType: MANIFEST, size: 2 }] }, INDEX],
    ['with a child of negative size', { manifests: [{ ...child('a'), size: -1 }] }, INDEX],
    ['an image as well: layers', { manifests: [], layers: [] }, INDEX],
    ['an image as well: config', { manifests: [], config: {} }, INDEX],
    ['another one to Go', { manifests: [child('a')], Manifests: [child('b')] }, INDEX],
    ['too long', { manifests: Array.from({ length: 1001 }, () => child('a')) }, INDEX]
  ])('refuses what is %s', (_, document, mediaType) => {
    expect(() => readIndex(manifestOf(document, mediaType), 'The index')).toThrow(
      expect.objectContaining({
        code: 'MANIFEST_INVALID',
        message: expect.stringMatching(/^The index cannot be used: /)
      })
    )
  })
})

describe('checkKind', () => {
  it.each([
    ['an index that has layers', { manifests: [], layers: [] }, INDEX],
    ['an index that has them to Go', { manifests: [], Config: {} }, INDEX],
    ['an image that has manifests', { layers: [], manifests: [] }, MANIFEST],
    ['an index that a registry calls an image', { Manifests: [] }, MANIFEST]
  ])('refuses %s', (_, document, mediaType) => {
    expect(() => {
      checkKind(manifestOf(document, mediaType), 'The image')
    }).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID' }))
  })

  it.each([
    [{ manifests: [] }, INDEX],
    [{ layers: [], config: {} }, MANIFEST],
    [{ manifests: [], layers: [] }, 'text/x']
  ])('lets %j be %s', (document, mediaType) => {
    expect(() => {
      checkKind(manifestOf(document, mediaType), 'The image')
    }).not.toThrow()
  })
})

describe('findPlatforms', () => {
  let time: VirtualTime
  let registry: FakeRegistry
  beforeEach(() => {
    time = createVirtualTime()
    registry = createFakeRegistry({ time })
  })
  const push = (document: object): Manifest => {
    const manifest = manifestOf(document)
    registry.manifests.set(manifest.digest, manifest)
    return manifest
  }
  const named = ({ mediaType, digest, bytes }: Manifest): Descriptor => ({
    ...{ mediaType, digest, size: bytes.length }
  })
  const find = (index: Manifest) => time.run(findPlatforms(registry, REPOSITORY, index))
  const nest = (depth: number): Manifest => {
    let index = push({ manifests: [child('deep')] })
    for (let i = 1; i < depth; i++) index = push({ manifests: [named(index)] })
    return index
  }

  it('finds parents before children, and each once', async () => {
    const inner = push({ manifests: [child('a'), child('b')] })
    const outer = push({ manifests: [child('a'), named(inner), child('c')] })
    expect(await find(outer)).toEqual([child('a'), named(inner), child('b'), child('c')])
  })

  it('goes four indexes deep and no deeper', async () => {
    expect(await find(nest(4))).toHaveLength(4)
    await expect(find(nest(5))).rejects.toMatchObject({ code: 'MANIFEST_INVALID' })
  })

  it('finds a thousand manifests and no more', async () => {
    const half = (name: string, count: number): Descriptor =>
      named(push({ manifests: Array.from({ length: count }, (_, i) => child(`${name} ${i}`)) }))
    expect(await find(push({ manifests: [half('a', 499), half('b', 499)] }))).toHaveLength(1000)
    await expect(find(push({ manifests: [half('a', 499), half('b', 500)] }))).rejects.toMatchObject(
      { code: 'MANIFEST_INVALID' }
    )
  })

  it('refuses an index below that is not there', async () => {
    await expect(find(push({ manifests: [child('gone', INDEX)] }))).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('is not there')
    })
  })
})
