import pLimit from 'p-limit'

import { KeylessError } from '../../errors.ts'
import type { Registry } from '../client.ts'
import { isDescriptor, type Descriptor } from '../descriptor.ts'
import { OCI_MANIFEST, describe, parseDocument, readDescriptors, serialize } from '../document.ts'
import type { Repository } from '../reference.ts'
import { AT_ONCE, attempt, readAll, unreadable, type Found } from './found.ts'
import { listReferrers } from './referrers.ts'

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
/** Of all versions; the bundle's own reader says which it takes. */
const ANY_BUNDLE = 'application/vnd.dev.sigstore.bundle'
/** What verification.md row 2 allows a bundle. */
const LONGEST = 64 * 1024 * 1024
/** Of all bundles of an image together, in bytes: they are held until one passes. */
const MOST_BYTES = 2 * LONGEST

export const EMPTY = Buffer.from('{}')

export type NewBundle = {
  /** The image, as its registry describes it. */
  subject: Descriptor
  /** The bundle: a DSSE envelope in v0.3. */
  text: string
  predicateType: string
  created: Date
}

/**
 * The manifest that refers a bundle to an image, byte for byte as cosign writes it (cosign
 * specs/BUNDLE_SPEC.md; measured with 3.1.3).
 */
export function bundleManifest({ subject, text, predicateType, created }: NewBundle): Buffer {
  const { mediaType, size, digest } = subject
  return serialize({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { ...describe('application/vnd.oci.empty.v1+json', EMPTY), artifactType: BUNDLE },
    layers: [describe(BUNDLE, Buffer.from(text))],
    annotations: annotationsOf(predicateType, created),
    subject: { mediaType, size, digest },
    artifactType: BUNDLE
  })
}

/**
 * The manifest's entry in a list of referrers: with artifact type and annotations, as the distribution
 * specification asks of who writes the list.
 */
export function bundleEntry(manifest: Buffer, { predicateType, created }: NewBundle): Descriptor {
  return {
    ...describe(OCI_MANIFEST, manifest),
    annotations: annotationsOf(predicateType, created),
    artifactType: BUNDLE
  }
}

function annotationsOf(predicateType: string, created: Date): Record<string, string> {
  return {
    'dev.sigstore.bundle.content': 'dsse-envelope',
    'dev.sigstore.bundle.predicateType': predicateType,
    'org.opencontainers.image.created': `${created.toISOString().slice(0, 19)}Z`
  }
}

/**
 * The bundles that refer to an image. Every referrer is read: neither a list's types nor annotations are
 * believed. What is read is not believed either: it is a candidate.
 *
 * @throws KeylessError where the list cannot be had, see `listReferrers`
 */
export async function findBundles(
  registry: Registry,
  repository: Repository,
  digest: string
): Promise<Found<Buffer>[]> {
  const { entries, unread } = await listReferrers(registry, repository, digest)
  const source = `${repository.name}@${digest}`
  const layers = await readAll(entries, source, async entry => {
    const name = `${repository.name}@${entry.digest}`
    const found = await attempt(name, () => readLayer(registry, repository, digest, entry))
    if ('error' in found) return found
    return found.value && { name, value: found.value }
  })
  const taken = withinMost(layers.flatMap(each => ('value' in each ? [each.value] : [])))
  const bundles = await pLimit(AT_ONCE).map(layers, async (each): Promise<Found<Buffer>> => {
    if ('error' in each) return each
    const { name, value: layer } = each
    return await attempt(name, async () => {
      if (!taken.has(layer)) throw tooMuch(name)
      const bytes = await registry.getBlob(repository, layer)
      if (bytes === undefined) throw unreadable(name, `its layer ${layer.digest} is not there`)
      return bytes
    })
  })
  return [...bundles, ...(unread ? [unread] : [])]
}

/** Those that are held together. The small ones come first: signatures are, and a flood of large ones is not. */
function withinMost(layers: readonly Descriptor[]): ReadonlySet<Descriptor> {
  let bytes = 0
  const bySize = layers.toSorted((a, b) => a.size - b.size)
  return new Set(bySize.filter(({ size }) => (bytes += size) <= MOST_BYTES))
}

function tooMuch(name: string): KeylessError {
  return new KeylessError(
    'ATTACHMENT_TOO_MANY',
    `${name} was not looked at: with the smaller bundles of the image it is more than ${MOST_BYTES} bytes; delete what nobody needs.`
  )
}

/** The layer that holds a bundle; none of what is something else. */
async function readLayer(
  registry: Registry,
  repository: Repository,
  digest: string,
  entry: Descriptor
): Promise<Descriptor | undefined> {
  const name = `${repository.name}@${entry.digest}`
  const manifest = await registry.getManifest(repository, entry.digest)
  if (manifest === undefined) throw unreadable(name, 'its manifest is not there')
  if (manifest.mediaType !== OCI_MANIFEST) return undefined
  const document = parseDocument(manifest.bytes, name)
  const layers = readDescriptors(document, 'layers', name)
  const types = [document.artifactType, ...layers.map(layer => layer.mediaType)]
  if (!types.some(type => typeof type === 'string' && type.startsWith(ANY_BUNDLE))) return undefined

  const { subject } = document
  if (!isDescriptor(subject) || subject.digest !== digest) {
    throw new KeylessError(
      'ATTACHMENT_ELSEWHERE',
      `${name} is a bundle for another image than ${digest}, on whose list it is.`
    )
  }
  const [layer] = layers
  if (layer === undefined || layers.length > 1 || !layer.mediaType.startsWith(ANY_BUNDLE)) {
    throw unreadable(name, 'a bundle is in exactly one layer')
  }
  if (layer.size > LONGEST) throw unreadable(name, `its bundle is larger than ${LONGEST} bytes`)
  return layer
}
