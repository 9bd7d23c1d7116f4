import { relative, resolve, sep } from 'node:path'
import { KeylessError } from '../errors.ts'
import { quote } from '../trust/quote.ts'
import { isWithin } from './file.ts'
import { sortByName } from './name.ts'

/** What belongs to the repository around a model (OMS v1.0 §"Ignored Paths"); at its top level only. */
const GIT = ['.git', '.gitattributes', '.github', '.gitignore']

/**
 * The paths that a model's signature leaves out, as it records them: relative to the model, sorted,
 * each once. Git's own, the signature, and those of the user that lie in the model; others are of
 * another model of the same run.
 *
 * @param model the folder, as it was named and as it really is
 * @param ignorePaths as seen from the workspace, which is where `model_signing` would be run
 * @throws KeylessError INPUT_INVALID
 */
export function ignoresOf(
  model: { path: string; real: string },
  given: { ignorePaths: readonly string[]; signature: string; workspace: string }
): string[] {
  const { ignorePaths, signature, workspace } = given
  const names = new Set(GIT)
  for (const path of [...ignorePaths, signature]) {
    const name = nameIn(model, resolve(workspace, path))
    if (name === '') {
      throw new KeylessError(
        'INPUT_INVALID',
        `ignore-paths: ${quote(path)} is a model itself, so that nothing would be left of it; name what is in it.`
      )
    }
    if (name !== undefined) names.add(name)
  }
  return sortByName([...names].map(name => ({ name }))).map(({ name }) => name)
}

/** An absolute path as seen from a folder; undefined for one outside. */
export function nameIn(folder: { path: string; real: string }, path: string): string | undefined {
  const root = [folder.path, folder.real].find(root => isWithin(path, root))
  return root === undefined ? undefined : relative(root, path).split(sep).join('/')
}
