import { SIMPLE_SIGNING_TYPE } from '../trust/simple-signing.ts'
import { annotationsJson } from './annotations.ts'
import type { Image } from './image.ts'

/** What Go's encoding/json escapes, and JSON.stringify does not. */
const ESCAPED = /[<>&\u2028\u2029]/g

/**
 * The payload that cosign's older form signs, byte for byte as cosign writes it (sigstore,
 * pkg/signature/payload/payload.go, through Go's encoding/json).
 */
export function simpleSigning({ name, digest, annotations }: Image): Buffer {
  const critical = {
    identity: { 'docker-reference': name },
    image: { 'docker-manifest-digest': digest },
    type: SIMPLE_SIGNING_TYPE
  }
  const optional = Object.keys(annotations).length > 0 ? annotationsJson(annotations) : 'null'
  return Buffer.from(
    `{"critical":${JSON.stringify(critical)},"optional":${optional}}`.replace(
      ESCAPED,
      char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
    )
  )
}
