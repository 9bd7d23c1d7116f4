import { lstatSync, realpathSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { KeylessError } from '../errors.ts'
import { quote } from '../trust/quote.ts'
import { isWithin } from './file.ts'
import { locateModel, type ModelPlace } from './model.ts'

/**
 * Where the signature of a model goes whose files were hashed elsewhere: its folder, which need not be there,
 * and then may be made in the workspace and nowhere else.
 *
 * @param line as the input has it
 * @throws KeylessError as `locateModel`; INPUT_INVALID, FILE_OUTSIDE_WORKSPACE
 */
export function placeModel(
  line: string,
  options: { workspace: string; allowSymlinks: boolean }
): ModelPlace {
  const { workspace } = options
  const path = resolve(workspace, line)
  if (lstatSync(path, { throwIfNoEntry: false })) {
    const place = locateModel(line, options)
    if (!place.single) return place
    throw new KeylessError(
      'INPUT_INVALID',
      `models: ${quote(line)} is a file, and checksums are of the files in a folder; name the folder, or leave checksums out.`
    )
  }
  if (!isWithin(path, workspace) || !isWithin(nearest(path), realpathSync(workspace))) {
    throw new KeylessError(
      'FILE_OUTSIDE_WORKSPACE',
      `models: there is no ${quote(line)}, and it lies outside the workspace, where no folder is made for its signature; name a folder in the workspace.`
    )
  }
  return { name: basename(path), path, real: path, single: false }
}

/** The nearest folder above that is there, free of symbolic links. */
function nearest(path: string): string {
  const above = dirname(path)
  return lstatSync(above, { throwIfNoEntry: false }) ? realpathSync(above) : nearest(above)
}
