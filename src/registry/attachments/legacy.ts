import { KeylessError } from '../../errors.ts'
import type { Registry } from '../client.ts'
import type { Descriptor } from '../descriptor.ts'
import {
  DOCKER_MANIFEST,
  OCI_MANIFEST,
  describe,
  parseDocument,
  readDescriptors,
  serialize
} from '../document.ts'
import type { Repository } from '../reference.ts'
import { MOST, attempt, readAll, unreadable, type Found } from './found.ts'
import { notOurs } from './referrers.ts'
import type { Content, Form } from './shared-tag.ts'

/** A signature as cosign 2 has it: the payload that is signed, and all else in annotations of the layer. */
export type LegacyLayer = { payload: Buffer; annotations: Record<string, string> }

const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json'
const CONFIG = 'application/vnd.oci.image.config.v1+json'
/** A payload has some 250 bytes, and annotations that were signed along. */
const LONGEST = 64 * 1024

/** The tag beside an image that has its signatures (cosign specs/SIGNATURE_SPEC.md). */
export function legacyTag(digest: string): string {
  return `${digest.replace(':', '-')}.sig`
}

/** The layer's descriptor. */
export function legacyEntry({ payload, annotations }: LegacyLayer): Descriptor {
  return { ...describe(SIMPLE_SIGNING, payload), annotations: sorted(annotations) }
}

/**
 * The tag's form: an image with a layer for each signature and the config that an image has, byte for byte
 * as cosign writes it (measured with 3.1.3): layers are not compressed, so a layer's diff ID is its digest.
 */
export function legacyForm(registry: Registry, repository: Repository, tag: string): Form {
  const what = `The tag ${repository.name}:${tag}`
  return {
    read({ mediaType, bytes }): Content {
      if (mediaType !== OCI_MANIFEST && mediaType !== DOCKER_MANIFEST) {
        throw notOurs(what, 'an image of signatures')
      }
      const { layers, ...rest } = parseDocument(bytes, what)
      return { entries: readDescriptors({ layers }, 'layers', what), rest }
    },
    async write({ entries, rest }) {
      // cosign reads no image of more layers (pkg/oci/remote/signatures.go).
      if (entries.length > MOST) {
        throw new KeylessError(
          'ATTACHMENT_TOO_MANY',
          `${what} would have more than ${MOST} signatures, and cosign would read none of them; delete the tag, and sign again.`
        )
      }
      const config = configOf(entries)
      await registry.putBlob(repository, config)
      const bytes = serialize({
        ...{ schemaVersion: 2, mediaType: OCI_MANIFEST, config: undefined, layers: undefined },
        ...rest,
        ...{ mediaType: OCI_MANIFEST, config: describe(CONFIG, config), layers: entries }
      })
      return { mediaType: OCI_MANIFEST, bytes }
    },
    // Several signatures of one payload are several layers with one digest.
    name: ({ digest, annotations }) => `${digest} ${JSON.stringify(sorted(annotations ?? {}))}`
  }
}

function configOf(layers: readonly Descriptor[]): Buffer {
  const created = '0001-01-01T00:00:00Z'
  return serialize({
    architecture: '',
    created,
    history: layers.map(() => ({ created })),
    os: '',
    rootfs: { type: 'layers', diff_ids: layers.map(layer => layer.digest) },
    config: {}
  })
}

function sorted(annotations: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * The signatures in an image's `.sig` tag, as candidates: nothing of them is believed.
 * @throws KeylessError ATTACHMENT_TAG_INVALID, MANIFEST_INVALID and those of the registry
 */
export async function findLegacy(
  registry: Registry,
  repository: Repository,
  digest: string
): Promise<Found<LegacyLayer>[]> {
  const tag = legacyTag(digest)
  const manifest = await registry.getManifest(repository, tag)
  if (manifest === undefined) return []
  const { entries } = legacyForm(registry, repository, tag).read(manifest)
  const signatures = entries.filter(entry => entry.mediaType === SIMPLE_SIGNING)
  const numbered = signatures.map((entry, i) => ({
    entry,
    name: `${repository.name}:${tag}, layer ${i + 1}`
  }))
  // All signatures of an image mostly have one payload. One layer may lie about its size, and others not.
  const payloads = new Map<string, Promise<Buffer | undefined>>()
  const read = (entry: Descriptor): Promise<Buffer | undefined> => {
    const key = `${entry.digest} ${entry.size}`
    const payload = payloads.get(key) ?? registry.getBlob(repository, entry)
    payloads.set(key, payload)
    return payload
  }
  return await readAll(numbered, `${repository.name}:${tag}`, ({ entry, name }) =>
    attempt(name, async () => {
      if (entry.size > LONGEST)
        throw unreadable(name, `its payload is larger than ${LONGEST} bytes`)
      const payload = await read(entry)
      if (payload === undefined) throw unreadable(name, 'its payload is not there')
      return { payload, annotations: entry.annotations ?? {} }
    })
  )
}
