import { realpathSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { KeylessError } from '../errors.ts'
import { checkArtifactPath } from '../storage/artifact-name.ts'
import { checkWritable } from '../storage/local.ts'
import { commonFolder, isWithin } from '../subjects/file.ts'
import { quote } from '../trust/quote.ts'
import type { Publish } from './inputs.ts'

/** A subject whose bundle lies beside it, or in it. */
export type Placed = {
  kind: 'file' | 'model'
  /** As a person in the workspace would write it. */
  name: string
  /** Absolute, as it was found. */
  path: string
  /** Where its bundle goes: absolute, and as a person in the workspace would write it. */
  bundle: { path: string; name: string }
}

/**
 * Refuse subjects whose bundles could not go where they are to go, before anything was signed.
 *
 * @throws KeylessError INPUT_INVALID, WRITE_FAILED
 */
export async function checkPlaces(
  subjects: Placed[],
  { local, artifact }: Publish,
  workspace: string
): Promise<void> {
  checkApart(subjects)
  if (local) for (const { bundle } of subjects) await checkWritable(bundle.path)
  if (artifact === undefined) return
  const root = artifactRoot(subjects, workspace)
  for (const { kind, name, bundle } of subjects) {
    checkArtifactPath(`${kind}s: ${name}`, relative(root, bundle.path))
  }
}

/**
 * The folder that paths in the artifact begin at: the nearest above all subjects. Models of several jobs,
 * each a folder of another name, do not meet there.
 */
export function artifactRoot(subjects: Placed[], workspace: string): string {
  if (subjects.length === 0) return workspace
  // Above the workspace, nobody knows what a later job has.
  return commonFolder(subjects.map(({ path, bundle }) => (path === workspace ? bundle.path : path)))
}

/**
 * One more bundle in a model would be a file that the model's signature does not know of; nor may what is signed
 * be replaced by a bundle.
 */
function checkApart(subjects: Placed[]): void {
  const placed = subjects.map(({ kind, name, path, bundle }) => {
    const [self, beside] = [realPlace(path), realPlace(bundle.path)]
    // A folder may itself be a link; a file that is one stays what it is.
    const whole = isWithin(bundle.path, path) ? dirname(beside) : self
    return { kind, name, self, beside, whole }
  })
  for (const outer of placed.filter(({ kind }) => kind === 'model')) {
    const replaced = placed.find(({ kind, self }) => kind === 'file' && self === outer.beside)
    if (replaced !== undefined) {
      throw new KeylessError(
        'INPUT_INVALID',
        `files: ${quote(replaced.name)} is where the signature of the model ${quote(outer.name)} goes; take it away with "!${replaced.name}".`
      )
    }
    const inner = placed.find(
      each => each !== outer && [each.self, each.beside].some(at => isWithin(at, outer.whole))
    )
    if (inner === undefined) continue
    throw new KeylessError(
      'INPUT_INVALID',
      `${inner.kind}s: ${quote(inner.name)} lies in the model ${quote(outer.name)}, whose signature is over every file in it, and would not know of a bundle in there; leave it to that signature, or sign it in another folder.`
    )
  }
}

/** A path whose folders are free of symbolic links. One whose folder is yet to be made is alone there. */
function realPlace(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path))
  } catch {
    return path
  }
}
