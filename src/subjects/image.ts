import pLimit from 'p-limit'
import { KeylessError } from '../errors.ts'
import type { Registry } from '../registry/client.ts'
import type { Descriptor } from '../registry/descriptor.ts'
import { checkKind, findPlatforms, isIndex } from '../registry/image-index.ts'
import type { Manifest } from '../registry/manifest.ts'
import { parseReference, type Reference, type Repository } from '../registry/reference.ts'

/** What the inputs `images` and `digest` hold. */
export type ImageLines = { lines: string[]; digest?: string }

/** A manifest of a repository: an image, an image index, or one platform of it. */
export type ImageSubject = {
  /** `ghcr.io/o/app@sha256:…` */
  name: string
  repository: Repository
  /** What attachments refer to. */
  descriptor: Descriptor
  /** `linux/amd64`, of a manifest that an index lists. */
  platform?: string
}

/** An image that a line names. */
export type NamedImage = ImageSubject & {
  /** Tags that the lines give beside the digest. They may have moved, and prove nothing. */
  tags: string[]
  manifest: Manifest
}

/** Requests that wait for a registry at the same time. */
const AT_ONCE = 32

/**
 * The images that the lines name, each digest of a repository once, with their manifests: the bytes
 * hash to the digest asked for.
 *
 * @throws KeylessError IMAGE_REFERENCE_INVALID, IMAGE_TAG_ONLY, IMAGE_NOT_FOUND, MANIFEST_INVALID, and the registry's
 */
export async function findImages(registry: Registry, given: ImageLines): Promise<NamedImage[]> {
  const digest = given.digest === undefined ? undefined : checkDigest(given.digest)
  const tags = new Map<string, { reference: Reference; digest: string; tags: Set<string> }>()
  for (const line of given.lines) {
    const reference = parseReference(line, 'images')
    const own = reference.digest ?? digest
    if (own === undefined) throw await tagOnly(registry, reference)
    const name = `${reference.repository.name}@${own}`
    const known = tags.get(name) ?? { reference, digest: own, tags: new Set<string>() }
    if (reference.tag !== undefined) known.tags.add(reference.tag)
    tags.set(name, known)
  }
  return await pLimit(AT_ONCE).map(
    [...tags],
    async ([name, { reference, digest, tags }]): Promise<NamedImage> => {
      const { repository } = reference
      const manifest = await registry.getManifest(repository, digest)
      if (manifest === undefined) {
        throw new KeylessError(
          'IMAGE_NOT_FOUND',
          `images: there is no ${name}; check that the digest is one of this repository, and that the step that pushes it ran before this one.`
        )
      }
      checkKind(manifest, `The image ${name}`)
      const { mediaType, bytes } = manifest
      const descriptor = { mediaType, digest, size: bytes.length }
      return { name, repository, descriptor, manifest, tags: [...tags] }
    }
  )
}

/**
 * Every manifest that an image index lists, also of indexes in it: the platforms. None of an image
 * that is no index.
 *
 * @throws KeylessError as findPlatforms
 */
export async function platformsOf(
  registry: Registry,
  { repository, manifest }: NamedImage
): Promise<ImageSubject[]> {
  if (!isIndex(manifest.mediaType)) return []
  const descriptors = await findPlatforms(registry, repository, manifest)
  return descriptors.map(descriptor => {
    const platform = platformName(descriptor)
    const name = `${repository.name}@${descriptor.digest}`
    return { name, repository, descriptor, ...(platform !== undefined && { platform }) }
  })
}

/** As docker writes it: `linux/arm/v7`. */
function platformName({ platform = {} }: Descriptor): string | undefined {
  const { os, architecture, variant } = platform
  const parts = [os, architecture, variant].filter(part => typeof part === 'string')
  return parts.length === 0 ? undefined : parts.join('/')
}

function checkDigest(digest: string): string {
  if (/^sha256:[0-9a-f]{64}$/.test(digest)) return digest
  throw new KeylessError(
    'IMAGE_REFERENCE_INVALID',
    `digest is "${digest.slice(0, 100)}"; give one of the form sha256:…, as the output "digest" of the step that built the image.`
  )
}

/** A tag may have moved since the build, so it names no image; where it points now is for a person to judge. */
async function tagOnly(registry: Registry, reference: Reference): Promise<KeylessError> {
  const { repository, tag = 'latest', text } = reference
  const now = await registry.getManifest(repository, tag).catch((error: unknown) => {
    if (error instanceof KeylessError) return undefined
    throw error
  })
  return new KeylessError(
    'IMAGE_TAG_ONLY',
    `images: ${text} has no digest, and a tag may have moved since the build; give the digest that the build printed, in the line or as the input "digest"${
      now === undefined ? '.' : ` (the tag now is ${repository.name}@${now.digest}).`
    }`
  )
}
