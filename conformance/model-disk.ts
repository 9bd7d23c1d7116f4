import { basename } from 'node:path'
import { statSync } from 'node:fs'
import { modelStatement } from '../src/statements/model.ts'
import { hashFiles } from '../src/subjects/digests/files.ts'
import { ignoresOf, ignoring } from '../src/subjects/ignores.ts'
import { listModelFiles } from '../src/subjects/model-files.ts'
import { findModel, hashModel, locateModel } from '../src/subjects/model.ts'
import type { ModelFiles } from '../src/trust/model-files.ts'
import { log } from './sign.ts'

/** Paths are as the command line has them. */
const workspace = process.cwd()

/** The OMS statement of a model, as the action signs it. */
export async function statementOf(
  path: string,
  o: { ignorePaths: string[]; signature: string }
): Promise<Buffer> {
  const allowSymlinks = false
  const model = await findModel(path, { ...o, workspace, allowSymlinks })
  const files = await hashModel(model, { log })
  const resources = files.map(({ name, hashed }) => ({ name, sha256: hashed.digest }))
  return modelStatement({ ...model, resources, allowSymlinks })
}

/** A model as it lies here. */
export function filesOf(
  path: string,
  o: { ignorePaths: string[]; signature: string; ignoreUnsigned: boolean }
): ModelFiles {
  const place = locateModel(path, { workspace, allowSymlinks: true })
  const ignores = ignoring(ignoresOf(place, { ...o, workspace }))
  const paths = new Map<string, string>()
  return {
    single: place.single,
    ignores: name => o.ignoreUnsigned || ignores(name),
    async find(options) {
      const files = place.single
        ? [{ name: basename(path), path: place.real, size: statSync(place.real).size }]
        : await listModelFiles(place.real, options)
      for (const { name, path } of files) paths.set(name, path)
      return new Map(files.map(({ name, size }) => [name, size]))
    },
    async hash(parts, algorithm) {
      const files = parts.map(({ name, shard }) => ({
        path: paths.get(name) ?? '',
        algorithm: algorithm === 'blake2b' ? ('blake2b512' as const) : algorithm,
        ...(shard && { range: shard })
      }))
      return (await hashFiles(files, { log })).map(({ hashed }) => hashed.digest)
    }
  }
}
