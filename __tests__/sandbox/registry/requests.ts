import { createHash } from 'node:crypto'

/** Requests made by hand, so that the registries are not checked with the code that they are there for. */

export const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json'
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json'
export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json'

export const digestOf = (bytes: string | Buffer): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

export const NOWHERE = digestOf('nowhere')

export type Answer = { status: number; headers: Headers; bytes: Buffer }

export async function ask(
  method: string,
  url: string,
  body: string | null = null,
  headers: Record<string, string> = {}
): Promise<Answer> {
  const response = await fetch(url, { method, body, headers, redirect: 'manual' })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, bytes }
}

/** `404 MANIFEST_UNKNOWN`. */
export function refusalOf({ status, bytes }: Answer): string {
  const { errors } = JSON.parse(bytes.toString()) as { errors: { code: string }[] }
  return `${status} ${errors.map(({ code }) => code).join()}`
}

/** Begins an upload, and answers where it goes on. */
export async function beginUpload(url: string): Promise<string> {
  const { headers } = await ask('POST', `${url}/blobs/uploads/`)
  return new URL(headers.get('location') ?? '', url).href
}

export async function uploadBlob(url: string, content: string): Promise<Answer> {
  const upload = new URL(await beginUpload(url))
  upload.searchParams.set('digest', digestOf(content))
  return await ask('PUT', upload.href, content)
}

/** @param url of the repository: `http://127.0.0.1:1234/v2/o/app` */
export async function putManifest(
  url: string,
  reference: string,
  manifest: string,
  headers: Record<string, string> = {}
): Promise<Answer> {
  const type = { 'content-type': MANIFEST_TYPE }
  return await ask('PUT', `${url}/manifests/${reference}`, manifest, { ...type, ...headers })
}

/** A manifest whose only blob, also its configuration, is `{}`. */
export const emptyManifest = (fields: object = {}): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: EMPTY_TYPE, digest: digestOf('{}'), size: 2 },
    layers: [],
    ...fields
  })

export const subjectOf = (manifest: string): object => ({
  mediaType: MANIFEST_TYPE,
  digest: digestOf(manifest),
  size: manifest.length
})
