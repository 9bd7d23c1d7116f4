import type { Registry } from './client.ts'
import type { Descriptor } from './descriptor.ts'
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_MANIFEST,
  invalid,
  parseDocument,
  readDescriptors
} from './document.ts'
import { INDEX, type Manifest } from './manifest.ts'
import type { Repository } from './reference.ts'

/** An index of indexes exists (one for each of several variants); deeper nesting is somebody's joke. */
const DEEPEST = 4
const MOST = 1000

const KINDS = new Map([
  [INDEX, 'index'],
  [DOCKER_LIST, 'index'],
  [OCI_MANIFEST, 'manifest'],
  [DOCKER_MANIFEST, 'manifest']
])

/** Whether a media type is that of an image index, OCI's or docker's manifest list. */
export function isIndex(mediaType: string): boolean {
  return KINDS.get(mediaType) === 'index'
}

/**
 * Refuses what may be taken for an index or for a manifest: it is two images to two readers (CVE-2021-41190), of
 * whom Go's read the names of fields without regard to case.
 * @param what names it in messages
 * @throws KeylessError MANIFEST_INVALID
 */
export function checkKind({ mediaType, bytes }: Manifest, what: string): void {
  const kind = KINDS.get(mediaType)
  if (kind === undefined) return
  const of = kind === 'index' ? ['config', 'layers'] : ['manifests']
  const field = Object.keys(parseDocument(bytes, what)).find(name =>
    of.includes(name.toLowerCase())
  )
  if (field === undefined) return
  throw invalid(what, `it is ${kind === 'index' ? 'an index' : 'no index'} and has "${field}"`)
}

/**
 * The manifests and indexes that an image index names, each digest once. Children of other types are left out,
 * as cosign does: they are no images.
 * @param what names the index in messages
 * @throws KeylessError MANIFEST_INVALID
 */
export function readIndex(manifest: Manifest, what: string): Descriptor[] {
  if (!isIndex(manifest.mediaType)) throw invalid(what, 'it is not an image index')
  checkKind(manifest, what)
  const document = parseDocument(manifest.bytes, what)
  // Go reads the names of fields without regard to case, so others would see more than we do.
  const other = Object.keys(document).find(
    name => name !== 'manifests' && name.toLowerCase() === 'manifests'
  )
  if (other !== undefined) throw invalid(what, 'it has "manifests" in another spelling')

  const children = readDescriptors(document, 'manifests', what)
  if (children.length > MOST) throw invalid(what, `it names more than ${MOST} manifests`)
  const images = children.filter(child => KINDS.has(child.mediaType))
  return [...new Map(images.map(child => [child.digest, child])).values()]
}

/**
 * All manifests and indexes below an image index, each digest once, parents first, as `cosign sign
 * --recursive` visits them.
 * @throws KeylessError MANIFEST_INVALID, also where a nested index is not there, and those of the registry
 */
export async function findPlatforms(
  registry: Registry,
  repository: Repository,
  index: Manifest
): Promise<Descriptor[]> {
  const found = new Map<string, Descriptor>()
  const visit = async (parent: Manifest, depth: number): Promise<void> => {
    const what = `The image index ${repository.name}@${parent.digest}`
    if (depth > DEEPEST) throw invalid(what, `it is more than ${DEEPEST} indexes deep`)
    for (const child of readIndex(parent, what)) {
      if (child.digest === index.digest || found.has(child.digest)) continue
      if (found.size === MOST)
        throw invalid(what, `more than ${MOST} manifests are below the first`)
      found.set(child.digest, child)
      if (!isIndex(child.mediaType)) continue
      const manifest = await registry.getManifest(repository, child.digest)
      if (manifest === undefined)
        throw invalid(what, `it names ${child.digest}, which is not there`)
      await visit(manifest, depth + 1)
    }
  }
  await visit(index, 1)
  return [...found.values()]
}
