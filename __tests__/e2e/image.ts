import { pushImage, type ImageOptions, type PushedImage } from '../../sandbox/image.ts'
import type { RegistryName } from '../../sandbox/registry/settings.ts'
import type { Scene } from './scene.ts'

/** An image in a registry of the sandbox. */
export type Image = PushedImage & {
  /** Of the registry. */
  url: string
  /** `octo-org/app-1` */
  path: string
  /** With the registry's host. */
  name: string
  /** With the digest. */
  ref: string
}

let images = 0

/** Pushes a new image into a repository of its own. */
export async function push(
  { sandbox }: Scene,
  service: RegistryName = 'registry',
  options: Partial<ImageOptions> = {}
): Promise<Image> {
  images += 1
  const url = sandbox.urls[service]
  const path = `octo-org/app-${images}`
  const image = await pushImage(url, path, { content: `image ${images}`, ...options })
  const name = `${new URL(url).host}/${path}`
  return { ...image, url, path, name, ref: `${name}@${image.digest}` }
}

export type Json = Record<string, unknown>

export async function getJson(url: string): Promise<Json> {
  return (await (await fetch(url)).json()) as Json
}

type Referrers = { digest: string; artifactType: string; annotations: Json }[]

/** What the registry lists as referring to the image. */
export async function referrersOf({ url, path, digest }: Image): Promise<Referrers> {
  const list = await getJson(`${url}/v2/${path}/referrers/${digest}`)
  return list.manifests as Referrers
}
