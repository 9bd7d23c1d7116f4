import { KeylessError } from '../errors.ts'
import { notASignature, type Annotations } from './image.ts'
import { isObject } from '../json.ts'
import { parseJsonBytes } from './json.ts'
import { quote } from './quote.ts'
import { message, nullable, text, type Shape } from './shape.ts'

/** `critical.type` of what cosign signs (sigstore, pkg/signature/payload/payload.go). */
export const SIMPLE_SIGNING_TYPE = 'cosign container image signature'

/** What a payload of simple signing says. */
export type SimpleSigning = {
  /** The manifest's, `sha256:…`. */
  digest: string
  annotations: Annotations
}

const object: Shape = (value, at) => {
  if (!isObject(value)) throw new KeylessError('FIELD_INVALID', `${at} is not an object.`)
}

// https://github.com/containers/image/blob/main/docs/containers-signature.5.md#json-data-format
const shape = message({
  critical: message({
    identity: message({ 'docker-reference': text }),
    image: message({ 'docker-manifest-digest': text }),
    type: text
  }),
  optional: nullable(object)
})

/**
 * Reads what cosign's older form signs. Whom it calls the image (`docker-reference`) says nothing:
 * images are copied.
 *
 * @param name what it is, for messages
 * @throws KeylessError NOT_AN_IMAGE_SIGNATURE, JSON_…, UNKNOWN_FIELD, FIELD_INVALID
 */
export function readSimpleSigning(payload: Buffer, name: string): SimpleSigning {
  const json = parseJsonBytes(payload, name)
  shape(json, name)
  const { critical, optional } = json as {
    critical: { image: { 'docker-manifest-digest': string }; type: string }
    optional: Annotations | null
  }
  // GPG's simple signing has another; a payload of it was never meant for these tools.
  if (critical.type !== SIMPLE_SIGNING_TYPE) {
    throw notASignature(name, `a payload of the type ${quote(critical.type)}`)
  }
  return { digest: critical.image['docker-manifest-digest'], annotations: optional ?? {} }
}
