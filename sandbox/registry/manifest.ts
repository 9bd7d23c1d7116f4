import { isDigest } from './digest.ts'
import { RegistryRefusal } from './refusal.ts'

export const IMAGE_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const IMAGE_INDEX = 'application/vnd.oci.image.index.v1+json'

const IMAGES = [IMAGE_MANIFEST, 'application/vnd.docker.distribution.manifest.v2+json']
const INDEXES = [IMAGE_INDEX, 'application/vnd.docker.distribution.manifest.list.v2+json']

export type Descriptor = {
  mediaType: string
  digest: string
  size: number
  artifactType?: string
  annotations?: Record<string, string>
  platform?: { os: string; architecture: string }
}

/** What a manifest says of others, and what a list of referrers says of it. */
export type ManifestLinks = {
  blobs: Descriptor[]
  manifests: Descriptor[]
  /** A digest. */
  subject?: string
  artifactType?: string
  annotations?: Record<string, string>
}

type Fields = {
  schemaVersion?: unknown
  mediaType?: unknown
  artifactType?: string
  config?: Descriptor
  layers?: unknown
  manifests?: unknown
  subject?: Descriptor
  annotations?: Record<string, string>
}

/**
 * Reads a manifest or an index.
 * @throws RegistryRefusal MANIFEST_INVALID
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 */
export function parseManifest(manifest: { mediaType: string; bytes: Buffer }): ManifestLinks {
  const [type = ''] = manifest.mediaType.toLowerCase().split(/\s*;/)
  const fields = parse(manifest.bytes)
  if (fields.schemaVersion !== 2) throw invalid('schemaVersion is not 2')
  if (fields.mediaType !== undefined && fields.mediaType !== type) {
    throw invalid(`mediaType is not the content type ${type}`)
  }
  const { artifactType, config, subject, annotations } = fields
  // "If the artifactType is … missing in the image manifest, the value of artifactType MUST be set to
  // the config descriptor mediaType value": distribution-spec, listing referrers
  const said = artifactType ?? (IMAGES.includes(type) ? config?.mediaType : undefined)
  const links = {
    ...(said === undefined ? {} : { artifactType: said }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(subject === undefined ? {} : { subject: descriptor(subject).digest })
  }
  if (IMAGES.includes(type)) {
    return { ...links, blobs: [descriptor(config), ...descriptors(fields.layers)], manifests: [] }
  }
  if (INDEXES.includes(type)) {
    return { ...links, blobs: [], manifests: descriptors(fields.manifests) }
  }
  throw invalid(`unsupported content type ${type}`)
}

const invalid = (message: string): RegistryRefusal =>
  new RegistryRefusal(400, 'MANIFEST_INVALID', message)

function parse(bytes: Buffer): Fields {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch {
    throw invalid('not JSON')
  }
  if (typeof value !== 'object' || value === null) throw invalid('not an object')
  return value
}

function descriptors(list: unknown): Descriptor[] {
  if (!Array.isArray(list)) throw invalid('no list of descriptors')
  return list.map(descriptor)
}

function descriptor(value: unknown): Descriptor {
  const { mediaType, digest, size } = (value ?? {}) as Partial<Descriptor>
  const whole = typeof mediaType === 'string' && Number.isSafeInteger(size)
  if (!whole || typeof digest !== 'string' || !isDigest(digest)) throw invalid('no descriptor')
  return value as Descriptor
}
