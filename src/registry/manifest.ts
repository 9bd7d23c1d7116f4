import { findJsonFault, isObject } from '../json.ts'
import { digestOf, isDigest } from './digest.ts'
import { mismatch, refused, unreadable } from './failures.ts'
import type { Repository } from './reference.ts'
import { urlOf, type Transport } from './transport.ts'

export type Manifest = { bytes: Buffer; mediaType: string; digest: string; etag?: string }

/** What must be so at the registry for a manifest to be put there (RFC 9110 §13.1). */
export type Condition = { ifMatch: string } | { ifNoneMatch: '*' }

export const INDEX = 'application/vnd.oci.image.index.v1+json'
const ACCEPT = [
  'application/vnd.oci.image.manifest.v1+json',
  INDEX,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json'
].join(', ')
export const MAX_MANIFEST = 8 * 1024 * 1024

/** See `Registry.getManifest`. */
export async function getManifest(
  transport: Transport,
  repository: Repository,
  reference: string
): Promise<Manifest | undefined> {
  const answer = await transport.send(repository, 'read', {
    method: 'GET',
    url: urlOf(repository, 'manifests', reference),
    headers: { accept: ACCEPT },
    maxBytes: MAX_MANIFEST
  })
  if (answer.status === 404) return undefined
  if (answer.status !== 200) throw refused(repository, 'read', answer)

  const { body: bytes, headers } = answer
  const digest = digestOf(bytes)
  if (isDigest(reference) && digest !== reference) throw mismatch(repository, reference, digest)
  checkClaim(repository, digest, headers['docker-content-digest'])
  const mediaType = mediaTypeOf(repository, bytes, headers['content-type'])
  const { etag } = headers
  return { bytes, mediaType, digest, ...(etag !== undefined && { etag }) }
}

/** See `Registry.putManifest`. */
export async function putManifest(
  transport: Transport,
  repository: Repository,
  reference: string,
  { mediaType, bytes }: { mediaType: string; bytes: Buffer },
  condition?: Condition
): Promise<boolean> {
  const answer = await transport.send(repository, 'write', {
    method: 'PUT',
    url: urlOf(repository, 'manifests', reference),
    headers: { 'content-type': mediaType, ...(condition && conditional(condition)) },
    body: bytes
  })
  if (answer.status === 412 && condition !== undefined) return false
  if (answer.status < 200 || answer.status > 299) throw refused(repository, 'write', answer)
  checkClaim(repository, digestOf(bytes), answer.headers['docker-content-digest'])
  return true
}

/**
 * What a registry says about a digest proves nothing, but where it contradicts the bytes, somebody reads
 * other bytes than we. Error: REGISTRY_DIGEST_MISMATCH.
 */
export function checkClaim(
  repository: Repository,
  digest: string,
  claim: string | string[] | undefined
): void {
  if (claim !== undefined && claim !== digest) throw mismatch(repository, digest, String(claim))
}

function conditional(condition: Condition): Record<string, string> {
  return 'ifMatch' in condition
    ? { 'if-match': condition.ifMatch }
    : { 'if-none-match': condition.ifNoneMatch }
}

/** A manifest that is one thing by its header and another by itself is read in two ways (CVE-2021-41190). */
function mediaTypeOf(repository: Repository, bytes: Buffer, contentType = ''): string {
  const json = parseObject(bytes)
  if (json === undefined)
    throw unreadable(repository, 'the manifest is not a JSON object, or nests too deep')
  const header = essence(contentType)
  const { mediaType: own = header } = json
  if (typeof own !== 'string' || own === '') {
    throw unreadable(repository, 'neither the manifest nor its Content-Type says what it is')
  }
  if (header !== '' && header !== own) {
    throw unreadable(repository, 'the manifest is of another type than its Content-Type')
  }
  return own
}

/** A media type without its parameters. */
export function essence(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
}

/**
 * The JSON object that bytes hold, if they do, and one that all read alike: of a key that is there twice some
 * would take the one and some the other.
 */
export function parseObject(bytes: Buffer): Record<string, unknown> | undefined {
  const text = bytes.toString('utf8')
  if (findJsonFault(text)) return undefined
  try {
    const json: unknown = JSON.parse(text)
    return isObject(json) ? json : undefined
  } catch {
    return undefined
  }
}
