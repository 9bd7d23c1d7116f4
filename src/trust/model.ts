import { createHash } from 'node:crypto'
import { KeylessError } from '../errors.ts'
import { readResources, type Resource } from './model-resources.ts'
import { readSerialization, type Serialization } from './model-serialization.ts'
import { quote } from './quote.ts'
import { hex, list, message, oneOf, open, text, type Shape } from './shape.ts'
import { readPayload, type Envelope } from './statement.ts'

/**
 * The type of an OpenSSF Model Signing statement. The specification would have a verifier take any
 * v1.x. There is none but this; what a later one adds may be what makes a signature narrower, and
 * its fields would be unknown here anyway.
 */
export const MODEL_PREDICATE = 'https://model_signing/signature/v1.0'

/** What was signed of a model. */
export type ModelStatement = Serialization & {
  /** What the model was called where it was signed; nothing rests on it. */
  name: string
  /** SHA-256 over the digests of all resources in the order listed, in hexadecimal. */
  root: string
  resources: Resource[]
}

const AT = 'The model statement in the bundle'

const anything: Shape = () => undefined

// schemas/v1.0/statement.schema.json and predicate.schema.json: where the schemas let nothing else
// be, nothing else may be.
const shape = message({
  _type: oneOf(['https://in-toto.io/Statement/v1']),
  predicateType: text,
  subject: list(open({ name: text, digest: open({ sha256: hex(64) }) })),
  predicate: message({ resources: list(anything), serialization: anything })
})

type Shaped = {
  predicateType: string
  subject: { name: string; digest: { sha256: string } }[]
  predicate: { resources: unknown[]; serialization: unknown }
}

/**
 * Reads the OMS v1.0 statement in a DSSE envelope, and refuses what the format does not have.
 * https://github.com/ossf/model-signing-spec; the resources may be listed in any order, as
 * implementations sort names in different ways.
 *
 * @throws KeylessError PAYLOAD_TYPE, JSON_…, STATEMENT_INVALID, PREDICATE_TYPE_MISMATCH,
 *   FIELD_INVALID, UNKNOWN_FIELD, MODEL_…
 */
export function readModelStatement(envelope: Envelope): ModelStatement {
  const { json, predicateType } = readPayload(envelope)
  if (predicateType !== MODEL_PREDICATE) {
    throw new KeylessError(
      'PREDICATE_TYPE_MISMATCH',
      `The attestation in the bundle is of the type ${quote(predicateType)}, not the signature of a model (${MODEL_PREDICATE}).`
    )
  }
  shape(json, AT)
  const { subject, predicate } = json as Shaped
  const [model, ...others] = subject
  if (!model || others.length > 0) {
    throw new KeylessError(
      'STATEMENT_INVALID',
      `${AT} is about ${subject.length} subjects; a model is exactly one.`
    )
  }
  const serialization = readSerialization(predicate.serialization, `${AT}.predicate.serialization`)
  const resources = readResources(predicate.resources, serialization, `${AT}.predicate.resources`)
  const root = rootDigest(resources.map(({ digest }) => digest))
  if (root !== model.digest.sha256) {
    throw new KeylessError(
      'MODEL_ROOT',
      `${AT} contradicts itself: its subject has the digest ${model.digest.sha256}, the files that it lists have ${root}.`
    )
  }
  return { ...serialization, name: model.name, root, resources }
}

/**
 * The digest that a model's statement has as subject: SHA-256 of the bytes of all digests, one after
 * the other in the order of the resources; their names are no part of it (OMS v1.0 §6.5.1). Always
 * SHA-256, whatever the resources were hashed with.
 *
 * @param digests lower-case hex
 */
export function rootDigest(digests: readonly string[]): string {
  const hash = createHash('sha256')
  for (const digest of digests) hash.update(digest, 'hex')
  return hash.digest('hex')
}
