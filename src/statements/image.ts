import { hexOf } from '../registry/digest.ts'
import { SIGN_PREDICATE } from '../trust/image.ts'
import { STATEMENT_V1 } from '../trust/statement.ts'
import { annotationsJson } from './annotations.ts'

/** An image to sign. */
export type Image = {
  /** The repository with its registry, as cosign writes it: `index.docker.io/library/alpine`. */
  name: string
  /** `sha256:…` */
  digest: string
  /** What is signed along, as `cosign sign -a`. */
  annotations: Readonly<Record<string, string>>
}

/**
 * The in-toto statement that signs an image, as `cosign sign` makes it: JSON, with annotations even
 * where there are none. Beyond cosign's it has the subject's `name`, on which sigstore-python insists.
 */
export function imageStatement({ name, digest, annotations }: Image): Buffer {
  const sha256 = hexOf(digest)
  const subject =
    `{"name":${JSON.stringify(name)},"digest":${JSON.stringify({ sha256 })},` +
    `"annotations":${annotationsJson(annotations)}}`
  return Buffer.from(
    `{"_type":"${STATEMENT_V1}","subject":[${subject}],"predicateType":"${SIGN_PREDICATE}","predicate":{}}`
  )
}
