import { isObject } from '../json.ts'
import { isDigest } from './digest.ts'

/** What one manifest says of another, or of a blob (OCI image specification, descriptor.md). */
export type Descriptor = {
  mediaType: string
  digest: string
  /** Bytes. */
  size: number
  artifactType?: string
  annotations?: Record<string, string>
  platform?: Record<string, unknown>
}

/** Whether a value has what a descriptor must have, and nothing of a wrong type. */
export function isDescriptor(value: unknown): value is Descriptor {
  if (!isObject(value)) return false
  const { mediaType, digest, size, artifactType, annotations, platform } = value
  return (
    typeof mediaType === 'string' &&
    isDigest(digest) &&
    Number.isSafeInteger(size) &&
    Number(size) >= 0 &&
    (artifactType === undefined || typeof artifactType === 'string') &&
    (annotations === undefined ||
      (isObject(annotations) &&
        Object.values(annotations).every(each => typeof each === 'string'))) &&
    (platform === undefined || isObject(platform))
  )
}
