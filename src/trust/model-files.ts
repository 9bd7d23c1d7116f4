import type { ModelStatement } from './model.ts'
import { ModelMismatch } from './model-mismatch.ts'
import { ignoring, pathsTo } from './model-paths.ts'
import type { Resource } from './model-resources.ts'
import type { ModelHash } from './model-serialization.ts'

/** A model as it lies on disk. Names are relative to it, their parts joined by `/`. */
export type ModelFiles = {
  /** It is one file, found under its base name, and may have been signed as `.`, too. */
  single: boolean
  /** What may be there unsigned, in the verifier's view; the signer's own view counts besides. */
  ignores: (name: string) => boolean
  /**
   * Names of all files, with their sizes in bytes.
   * @param o.skip whether what is of this name, with all that is below it, need not be looked at
   * @param o.allowSymlinks whether a link stands for the file that it leads to
   */
  find: (o: {
    skip: (name: string) => boolean
    allowSymlinks: boolean
  }) => Promise<ReadonlyMap<string, number>>
  /**
   * Digests, in lower-case hexadecimal, of bytes that it reads now or read before for another
   * bundle; in the order of the parts, all of which are of files that were found.
   */
  hash: (parts: Omit<Resource, 'digest'>[], algorithm: ModelHash) => Promise<string[]>
}

/**
 * Compares a model with what was signed of it: each file that is listed by its digest, and that
 * there is no other. What is ignored may be there unsigned; what is listed is compared in any case.
 * Of shards, a file without bytes has none: it is neither listed nor, if not ignored, let pass.
 *
 * @throws ModelMismatch, and whatever `files` does
 */
export async function compareModel(statement: ModelStatement, files: ModelFiles): Promise<void> {
  const recorded = ignoring(statement.ignorePaths)
  const ignores = (name: string): boolean => files.ignores(name) || recorded(name)
  // With the folders above, where these are ignored: of all files they could be millions.
  const listed = new Set<string>()
  for (const { name } of statement.resources) {
    if (!ignores(name)) continue
    for (const path of pathsTo(name)) {
      // Nor is any above it new then.
      if (listed.has(path)) break
      listed.add(path)
    }
  }
  const found = await files.find({
    skip: name => !listed.has(name) && ignores(name),
    allowSymlinks: statement.allowSymlinks
  })

  const [only] = files.single ? found.keys() : []
  const resources = statement.resources.map(each =>
    each.name === '.' && only !== undefined ? { ...each, name: only } : each
  )
  // Of the files listed; known only where they were signed in shards.
  const sizes = new Map<string, number | undefined>()
  for (const { name, shard } of resources) {
    sizes.set(name, shard && Math.max(shard.end, sizes.get(name) ?? 0))
  }
  const resized = ({ name }: Resource): boolean => {
    const size = sizes.get(name)
    return size !== undefined && size !== found.get(name)
  }
  const present = resources.filter(({ name }) => found.has(name))
  const parts = present.filter(each => !resized(each))
  const digests = await files.hash(parts, statement.hashType)
  const changed = [
    ...present.filter(resized),
    ...parts.filter(({ digest }, i) => digest !== digests[i])
  ]

  const differences = {
    extra: [...found.keys()].filter(name => !sizes.has(name) && !ignores(name)),
    missing: [...sizes.keys()].filter(name => !found.has(name)),
    changed: [...new Set(changed.map(({ name }) => name))]
  }
  const lists = Object.values(differences)
  if (lists.every(({ length }) => length === 0)) return
  for (const list of lists) list.sort()
  throw new ModelMismatch(differences)
}
