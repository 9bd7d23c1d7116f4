import { KeylessError } from '../errors.ts'
import type { Digester } from './digester.ts'
import { isObject } from '../json.ts'
import { quote } from './quote.ts'
import { aboutSomethingElse, invalid, STATEMENT_V1, type Statement } from './statement.ts'

/** The predicate type of statements that are cosign's signature of an image (cosign, pkg/types/predicate.go). */
export const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1'

/** What was signed along with an image; text where cosign wrote it, and others may have written more. */
export type Annotations = Readonly<Record<string, unknown>>

/**
 * Makes sure that a statement is a signature of an image, and of this one: neither an SBOM nor a
 * failed test is a signature, and cosign takes them for one.
 *
 * @param required annotations that the subject with our digest must have, whatever others have
 * @returns all annotations of that subject
 * @throws KeylessError NOT_AN_IMAGE_SIGNATURE, STATEMENT_INVALID, SUBJECT_MISMATCH, ANNOTATION_MISMATCH
 */
export async function bindImage(
  statement: Statement,
  digest: Digester,
  required: Readonly<Record<string, string>>
): Promise<Annotations> {
  const { type, predicateType, predicate, subjects } = statement
  if (predicateType !== SIGN_PREDICATE) {
    throw notASignature('The bundle', `an attestation of the type ${quote(predicateType)}`)
  }
  // cosign writes v0.1 for attestations only. Of the predicate there was none before 3.0.5, and
  // since then it is empty: whatever is in it could take the signature back.
  if (type !== STATEMENT_V1)
    throw invalid('is a signature of an image in an older form of statements than v1')
  if (predicate !== undefined && !(isObject(predicate) && Object.keys(predicate).length === 0)) {
    throw invalid('is a signature of an image with a predicate that is not empty')
  }
  const sha256 = await digest('sha256')
  const [subject, ...others] = subjects.filter(({ digests }) => digests.get('sha256') === sha256)
  if (!subject) throw aboutSomethingElse(statement)
  // With other annotations each time, readers would disagree on what was signed.
  if (others.length > 0) throw invalid('names the same image twice')
  const annotations = subject.annotations ?? {}
  if (!isObject(annotations)) throw invalid('has a subject with annotations that are no object')
  checkAnnotations(required, annotations)
  return annotations
}

/**
 * Makes sure that all required annotations were signed, with these very values.
 * @throws KeylessError ANNOTATION_MISMATCH with each that differs
 */
export function checkAnnotations(
  required: Readonly<Record<string, string>>,
  signed: Annotations
): void {
  const differences = Object.entries(required).flatMap(([key, expected]) => {
    const found = Object.hasOwn(signed, key) ? signed[key] : undefined
    if (found === expected) return []
    return [`${quote(key)}: expected ${quote(expected)}, found ${describe(found)}`]
  })
  if (differences.length === 0) return
  throw new KeylessError(
    'ANNOTATION_MISMATCH',
    `The image was signed without the annotations asked for (${differences.join('; ')}).`
  )
}

/** That something is no signature of an image: `it` is `what`. */
export function notASignature(it: string, what: string): KeylessError {
  return new KeylessError(
    'NOT_AN_IMAGE_SIGNATURE',
    `${it} is ${what}, not a signature of an image as cosign makes it (${SIGN_PREDICATE}); if that is what you want to gate on, name its type in predicate-type.`
  )
}

function describe(value: unknown): string {
  if (value === undefined) return 'none'
  return typeof value === 'string' ? quote(value) : 'a value that is no text'
}
