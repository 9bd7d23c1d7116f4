import { statSync } from 'node:fs'
import { basename } from 'node:path'
import type { ModelFiles } from '../trust/model-files.ts'
import { hashFiles, type HashOptions } from './digests/files.ts'
import { listModelFiles } from './model-files.ts'
import type { ModelPlace } from './model.ts'

/**
 * A model as it lies on disk, to be compared with what was signed of it. What was hashed once is known, for
 * other bundles of the same model.
 *
 * @param options.allowSymlinks whether links to files stand for these also where the signer had none
 */
export function openModel(
  { path, real, single }: ModelPlace,
  { allowSymlinks, ...options }: HashOptions & { allowSymlinks: boolean }
): Omit<ModelFiles, 'ignores'> {
  const found = new Map<string, { path: string; size: number }>()
  const known = { sha256: new Map<string, string>(), blake2b: new Map<string, string>() }
  return {
    single,
    async find(asked) {
      const files = single
        ? [{ name: basename(path), path: real, size: statSync(real).size }]
        : await listModelFiles(real, {
            skip: asked.skip,
            allowSymlinks: allowSymlinks || asked.allowSymlinks
          })
      for (const { name, path, size } of files) found.set(name, { path, size })
      return new Map(files.map(({ name, size }) => [name, size]))
    },
    async hash(parts, hashType) {
      const algorithm = hashType === 'blake2b' ? ('blake2b512' as const) : hashType
      const digests = known[hashType]
      const tasks = parts.map(({ name, shard }) => ({
        // What no name has.
        key: shard ? `${name}\0${shard.start}\0${shard.end}` : name,
        ...(found.get(name) ?? { path: '' }),
        algorithm,
        ...(shard && { range: shard })
      }))
      const unknown = tasks.filter(({ key }) => !digests.has(key))
      for (const { key, hashed } of await hashFiles(unknown, options)) {
        digests.set(key, hashed.digest)
      }
      return tasks.map(({ key }) => digests.get(key) ?? '')
    }
  }
}
