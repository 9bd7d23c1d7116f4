import { gzipSync } from 'node:zlib'
import { digestOf } from './registry/digest.ts'
import { type Descriptor, IMAGE_INDEX, IMAGE_MANIFEST } from './registry/manifest.ts'
import { tar } from './tar.ts'

export type Platform = `${string}/${string}`

export type PushedImage = {
  /** Of the index when there are several platforms. */
  digest: string
  mediaType: string
  size: number
  /** The digests of the manifests: `linux/amd64`. */
  platforms: Record<Platform, string>
}

export type ImageOptions = {
  /** Pushed by digest alone when absent. */
  tag?: string
  /** `linux/amd64` alone when absent; several make an index. */
  platforms?: readonly Platform[]
  /** Of the one file, `content`, in the image's one layer. */
  content: string | Buffer
  /** The header. */
  authorization?: string
}

type Push = (bytes: Buffer, mediaType: string) => Promise<Descriptor>

/**
 * Builds a small image and pushes it, to any registry.
 * @param registryUrl such as `sandbox.urls.registry`
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/spec.md
 */
export async function pushImage(
  registryUrl: string,
  repository: string,
  { tag, platforms = ['linux/amd64'], content, authorization }: ImageOptions
): Promise<PushedImage> {
  const url = `${registryUrl}/v2/${repository}`
  const headers = authorization === undefined ? {} : { authorization }
  const pushBlob: Push = async (bytes, mediaType) => {
    const digest = digestOf(bytes)
    const begun = await send('POST', `${url}/blobs/uploads/`, headers)
    const upload = new URL(begun.headers.get('location') ?? '', registryUrl)
    upload.searchParams.set('digest', digest)
    const type = { 'content-type': 'application/octet-stream' }
    await send('PUT', upload.href, { ...headers, ...type }, bytes)
    return { mediaType, digest, size: bytes.length }
  }
  const pushManifest = async (manifest: object, name?: string): Promise<Descriptor> => {
    const { mediaType } = manifest as { mediaType: string }
    const bytes = Buffer.from(JSON.stringify(manifest))
    const digest = digestOf(bytes)
    const address = `${url}/manifests/${name ?? digest}`
    await send('PUT', address, { ...headers, 'content-type': mediaType }, bytes)
    return { mediaType, digest, size: bytes.length }
  }

  const layer = tar('content', Buffer.from(content))
  const pushed: Descriptor[] = []
  for (const platform of platforms) {
    const [os = '', architecture = ''] = platform.split('/')
    const manifest = await imageManifest(pushBlob, layer, { os, architecture })
    const name = platforms.length === 1 ? tag : undefined
    const descriptor = await pushManifest(manifest, name)
    pushed.push({ ...descriptor, platform: { os, architecture } })
  }
  const index = { schemaVersion: 2, mediaType: IMAGE_INDEX, manifests: pushed }
  const [only] = pushed
  const { digest, mediaType, size } =
    only !== undefined && pushed.length === 1 ? only : await pushManifest(index, tag)
  const digests = platforms.map((platform, at) => [platform, pushed[at]?.digest])
  return {
    digest,
    mediaType,
    size,
    platforms: Object.fromEntries(digests) as Record<string, string>
  }
}

/** The name, with the digest, of a new image to try things with. */
export async function pushSomeImage(registryUrl: string): Promise<string> {
  const repository = 'octo-org/app'
  const { digest } = await pushImage(registryUrl, repository, { content: 'an image' })
  return `${new URL(registryUrl).host}/${repository}@${digest}`
}

async function imageManifest(
  pushBlob: Push,
  layer: Buffer,
  platform: { os: string; architecture: string }
): Promise<object> {
  const config = {
    created: '2026-01-01T00:00:00Z',
    ...platform,
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    history: [{ created: '2026-01-01T00:00:00Z', created_by: 'COPY content /' }]
  }
  return {
    schemaVersion: 2,
    mediaType: IMAGE_MANIFEST,
    config: await pushBlob(
      Buffer.from(JSON.stringify(config)),
      'application/vnd.oci.image.config.v1+json'
    ),
    layers: [await pushBlob(gzipSync(layer), 'application/vnd.oci.image.layer.v1.tar+gzip')]
  }
}

async function send(
  method: string,
  url: string,
  headers: Record<string, string>,
  body: Buffer | null = null
): Promise<Response> {
  const response = await fetch(url, { method, headers, body: body && new Uint8Array(body) })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`)
  return response
}
