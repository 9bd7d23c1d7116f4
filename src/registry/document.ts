import { KeylessError } from '../errors.ts'
import { isDescriptor, type Descriptor } from './descriptor.ts'
import { digestOf } from './digest.ts'
import { parseObject } from './manifest.ts'

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'

/** A manifest or index as it was parsed. */
export type Document = Record<string, unknown>

/**
 * The JSON object that a manifest or index is.
 * @param what names it in messages
 * @throws KeylessError MANIFEST_INVALID
 */
export function parseDocument(bytes: Buffer, what: string): Document {
  const document = parseObject(bytes)
  if (document === undefined) throw invalid(what, 'it is not a JSON object, or nests too deep')
  return document
}

/**
 * The descriptors in a field of it. Fields of theirs that we do not know are kept.
 * @throws KeylessError MANIFEST_INVALID
 */
export function readDescriptors(document: Document, field: string, what: string): Descriptor[] {
  const list = document[field]
  if (!Array.isArray(list)) throw invalid(what, `its "${field}" is not a list`)
  return list.map((value: unknown, i) => {
    if (!isDescriptor(value)) throw invalid(what, `its "${field}[${i}]" is not a descriptor`)
    return value
  })
}

/** What a descriptor says of bytes, in the order in which cosign's library writes it. */
export function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, size: bytes.length, digest: digestOf(bytes) }
}

export function serialize(document: Document): Buffer {
  return Buffer.from(JSON.stringify(document))
}

/** What is wrong with a manifest or index, as a sentence. */
export function invalid(what: string, why: string): KeylessError {
  return new KeylessError(
    'MANIFEST_INVALID',
    `${what} cannot be used: ${why}. What pushed it does not keep to the OCI image specification.`
  )
}
