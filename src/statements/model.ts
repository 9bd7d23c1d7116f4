import { createHash } from 'node:crypto'

/** A file of a model: its name as OMS has it, and the lower-case hex of its SHA-256. */
export type Resource = { name: string; sha256: string }

/**
 * The in-toto statement of an OMS v1.0 signature (OpenSSF Model Signing,
 * https://github.com/ossf/model-signing-spec/blob/main/spec/v1.0.md), as compact JSON. No field but
 * the format's own: its schema forbids others.
 *
 * @param model.name what the model is called; it is shown, and binds nothing
 * @param model.resources in the order of their names' UTF-8 bytes, in which the Go verifier insists
 *   on having them; Python's takes any
 * @param model.ignorePaths sorted; relative to the model
 */
export function modelStatement(model: {
  name: string
  resources: readonly Resource[]
  ignorePaths: readonly string[]
  allowSymlinks: boolean
}): Buffer {
  const { name, resources, ignorePaths, allowSymlinks } = model
  const root = rootDigest(resources.map(({ sha256 }) => sha256))
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name, digest: { sha256: root } }],
    predicateType: 'https://model_signing/signature/v1.0',
    predicate: {
      resources: resources.map(({ name, sha256 }) => ({
        name,
        algorithm: 'sha256',
        digest: sha256
      })),
      // The only method and hash that every version of every verifier reads.
      serialization: {
        method: 'files',
        hash_type: 'sha256',
        allow_symlinks: allowSymlinks,
        ignore_paths: ignorePaths
      }
    }
  }
  return Buffer.from(JSON.stringify(statement))
}

/**
 * The digest that a model's statement has as subject: SHA-256 of the bytes of all digests, one after
 * the other in the order of the resources; their names are no part of it (OMS v1.0 §"Subject").
 *
 * @param digests lower-case hex
 */
export function rootDigest(digests: readonly string[]): string {
  const hash = createHash('sha256')
  for (const digest of digests) hash.update(digest, 'hex')
  return hash.digest('hex')
}
