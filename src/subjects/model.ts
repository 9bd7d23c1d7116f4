import { lstatSync, realpathSync, statSync, type Stats } from 'node:fs'
import { basename, resolve } from 'node:path'
import { KeylessError } from '../errors.ts'
import { ignoring } from '../trust/model-paths.ts'
import { quote } from '../trust/quote.ts'
import { hashFiles, type HashOptions } from './digests/files.ts'
import type { Hashed } from './digests/hash.ts'
import { refusePointer } from './digest.ts'
import { displayName, isWithin } from './file.ts'
import { ignoresOf, nameIn } from './ignores.ts'
import { listModelFiles, type ModelFile } from './model-files.ts'

/** Where a model is. */
export type ModelPlace = {
  /** Its last part, which the statement calls it by. */
  name: string
  /** Absolute, as it was named. */
  path: string
  /** Absolute, free of symbolic links. */
  real: string
  /** It is one file, and no folder. */
  single: boolean
}

export type Model = ModelPlace & {
  /** Sorted by the UTF-8 bytes of their names; a single file is named `.`. */
  files: ModelFile[]
  /** What is left out, as the statement records it. */
  ignorePaths: string[]
}

type Options = {
  /** Absolute; paths are as seen from there, and links must not lead out of it. */
  workspace: string
  ignorePaths: readonly string[]
  allowSymlinks: boolean
}

/**
 * Find a folder, or a single file, that is a model.
 *
 * @param line as the input has it
 * @throws KeylessError NO_SUBJECT, MODEL_LINK, FILE_OUTSIDE_WORKSPACE, FILE_NOT_REGULAR, FILE_UNREADABLE
 */
export function locateModel(
  line: string,
  { workspace, allowSymlinks }: Pick<Options, 'workspace' | 'allowSymlinks'>
): ModelPlace {
  const path = resolve(workspace, line)
  const roots = [workspace, realpathSync(workspace)] as const
  const name = quote(displayName(path, roots))
  const { link, real, status } = look(path, name)
  if (link && !allowSymlinks) {
    throw new KeylessError(
      'MODEL_LINK',
      `models: ${name} is a symbolic link; name the model itself, or set allow-symlinks.`
    )
  }
  const inside = roots.some(root => isWithin(path, root))
  // As for files: a path outside that the workflow names itself is its own word, a link is anybody's.
  if ((link || inside) && !isWithin(real, roots[1])) {
    throw new KeylessError(
      'FILE_OUTSIDE_WORKSPACE',
      `models: ${name} is a symbolic link, or lies below one, to ${quote(real)}, outside the workspace; copy the model into the workspace, or name its real path.`
    )
  }
  if (!status.isFile() && !status.isDirectory()) {
    throw new KeylessError(
      'FILE_NOT_REGULAR',
      `models: ${name} is neither a folder nor a regular file; name the model's folder, or its one file.`
    )
  }
  return { name: basename(path), path, real, single: status.isFile() }
}

function look(path: string, name: string): { link: boolean; real: string; status: Stats } {
  try {
    const link = lstatSync(path).isSymbolicLink()
    return { link, real: realpathSync(path), status: statSync(path) }
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new KeylessError(
        'NO_SUBJECT',
        `models: there is no ${name}; check the path, and that the step that makes the model ran before this one.`,
        { cause }
      )
    }
    throw new KeylessError(
      'FILE_UNREADABLE',
      `models: ${name} could not be looked at (${code}); check that this job's user may read it.`,
      { cause }
    )
  }
}

/**
 * Find the files of a model that is about to be signed (OMS v1.0 §"Enumeration").
 *
 * @param signature where the signature will be, which is no part of what it signs
 * @throws KeylessError as {@link locateModel} and `listModelFiles`; INPUT_INVALID, MODEL_EMPTY
 */
export async function findModel(
  line: string,
  options: Options & { signature: string }
): Promise<Model> {
  const place = locateModel(line, options)
  const ignorePaths = ignoresOf(place, options)
  const { real, single } = place
  // A single file has no name within itself: model_signing writes, and insists on, a dot.
  const files = single
    ? [{ name: '.', path: real, size: statSync(real).size }]
    : await listModelFiles(real, { ...options, skip: ignoring(ignorePaths) })
  if (files.length === 0) {
    throw new KeylessError(
      'MODEL_EMPTY',
      `models: ${quote(line)} has no file that is not ignored (${ignorePaths.map(path => quote(path)).join(', ')}), and a signature of nothing says nothing; check the path, and that the step that makes the model ran before this one.`
    )
  }
  return { ...place, files, ignorePaths }
}

/**
 * Make sure that each of the user's paths is in one of the models: one that is not was meant to be
 * seen from another folder, and what it names would be signed.
 *
 * @throws KeylessError INPUT_INVALID
 */
export function checkIgnorePaths(
  models: readonly ModelPlace[],
  { ignorePaths, workspace }: Pick<Options, 'ignorePaths' | 'workspace'>
): void {
  for (const path of ignorePaths) {
    const absolute = resolve(workspace, path)
    if (models.some(model => nameIn(model, absolute) !== undefined)) continue
    throw new KeylessError(
      'INPUT_INVALID',
      `ignore-paths: ${quote(path)} lies in none of the models; write it as seen from the workspace: my-model/${basename(path)}.`
    )
  }
}

/**
 * Hash the files of a model that is about to be signed.
 *
 * @throws KeylessError as `hashFiles`; FILE_IS_LFS_POINTER
 */
export async function hashModel(
  { files }: Pick<Model, 'files'>,
  options: HashOptions
): Promise<(ModelFile & { hashed: Hashed })[]> {
  const hashed = await hashFiles(files, options)
  for (const { path, hashed: each } of hashed) refusePointer(path, each)
  return hashed
}
