import { MODEL_PREDICATE, rootDigest } from '../trust/model.ts'

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
    predicateType: MODEL_PREDICATE,
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
