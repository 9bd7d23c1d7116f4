import type { Time } from '../../../src/http.ts'
import type { Registry } from '../../../src/registry/client.ts'
import type { Descriptor } from '../../../src/registry/descriptor.ts'
import { digestOf } from '../../../src/registry/digest.ts'
import type { Manifest } from '../../../src/registry/manifest.ts'
import type { Repository } from '../../../src/registry/reference.ts'

export const REPOSITORY: Repository = {
  host: 'registry.test',
  path: 'o/app',
  name: 'registry.test/o/app'
}

type Options = {
  time: Time
  /** Whether it has the referrers API. */
  referrers?: boolean
  /** Whether it sends ETags. */
  etags?: boolean
  /** Whether it keeps If-Match and If-None-Match. */
  conditions?: boolean
  /** Tags and referrers are shown as they were so many milliseconds ago. */
  stale?: number
  /** Milliseconds that a request takes at most, half of it on the way there. */
  latency?: number
}

export type FakeRegistry = Registry & {
  blobs: Map<string, Buffer>
  manifests: Map<string, { mediaType: string; bytes: Buffer }>
  /** What a tag holds now. */
  tag(name: string): { mediaType: string; json: Record<string, unknown> } | undefined
  setTag(name: string, manifest: { mediaType: string; bytes: Buffer } | undefined): string
  /** How many tags were written. */
  writes: number
}

/** One repository in memory, as slow, forgetful and careless as told. */
export function createFakeRegistry(options: Options): FakeRegistry {
  const { time, referrers = false, etags = true, conditions = etags, stale = 0 } = options
  const { latency = 100 } = options
  const tags = new Map<string, { at: number; digest: string | undefined }[]>()
  const listed: { at: number; subject: string; entry: Descriptor }[] = []
  const travel = (): Promise<unknown> => time.sleep((time.random() * latency) / 2)
  const at = (name: string, when: number): string | undefined =>
    tags.get(name)?.findLast(state => state.at <= when)?.digest

  const registry: FakeRegistry = {
    blobs: new Map(),
    manifests: new Map(),
    writes: 0,
    tag(name) {
      const held = registry.manifests.get(at(name, Infinity) ?? '')
      return held && { mediaType: held.mediaType, json: parse(held.bytes) }
    },
    setTag(name, manifest) {
      const digest = manifest && digestOf(manifest.bytes)
      if (manifest && digest !== undefined) registry.manifests.set(digest, manifest)
      tags.set(name, [...(tags.get(name) ?? []), { at: time.now(), digest }])
      return digest ?? ''
    },
    async getManifest(_, reference) {
      await travel()
      const digest = reference.startsWith('sha256:') ? reference : at(reference, time.now() - stale)
      const held = registry.manifests.get(digest ?? '')
      await travel()
      if (!held || digest === undefined) return undefined
      return { ...held, digest, ...(etags && { etag: `"${digest}"` }) } satisfies Manifest
    },
    async putManifest(_, reference, manifest, condition) {
      await travel()
      if (reference.startsWith('sha256:')) {
        registry.manifests.set(reference, manifest)
        list(reference, manifest)
      } else {
        const now = at(reference, Infinity)
        if (conditions && condition) {
          const holds =
            'ifMatch' in condition ? condition.ifMatch === `"${now ?? ''}"` : now === undefined
          if (!holds) {
            await travel()
            return false
          }
        }
        registry.writes += 1
        registry.setTag(reference, manifest)
      }
      await travel()
      return true
    },
    async getBlob(_, { digest }) {
      await travel()
      return registry.blobs.get(digest)
    },
    async checkWritable() {
      await travel()
    },
    async putBlob(_, bytes) {
      await travel()
      registry.blobs.set(digestOf(bytes), bytes)
    },
    async listReferrers(_, digest) {
      await travel()
      if (!referrers) return undefined
      const before = time.now() - stale
      return listed
        .filter(each => each.subject === digest && each.at <= before)
        .map(each => each.entry)
    }
  }

  function list(digest: string, { mediaType, bytes }: { mediaType: string; bytes: Buffer }): void {
    const { subject } = parse(bytes) as { subject?: { digest: string } }
    if (subject === undefined) return
    const entry = { mediaType, size: bytes.length, digest }
    listed.push({ at: time.now(), subject: subject.digest, entry })
  }
  return registry
}

export function parse(bytes: Buffer): Record<string, unknown> {
  return JSON.parse(bytes.toString()) as Record<string, unknown>
}
