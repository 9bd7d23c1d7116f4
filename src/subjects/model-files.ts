import { lstatSync, realpathSync, statSync, type Dirent, type Stats } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { KeylessError } from '../errors.ts'
import { quote } from '../trust/quote.ts'
import { isWithin } from './file.ts'
import { sortByName } from './name.ts'

export type ModelFile = {
  /** Relative to the model, its parts joined by `/`, as OMS has it. */
  name: string
  /** Absolute, free of symbolic links: what is hashed. */
  path: string
  size: number
}

type Options = {
  /** Whether what has this name, with all that is below it, is not looked at. */
  skip: (name: string) => boolean
  /** Whether a link to a file stands for it, under the link's name. */
  allowSymlinks: boolean
}

/**
 * All files in a model's folder, sorted by the UTF-8 bytes of their names. Folders without files
 * are nothing. A link is followed to a file in the model only: one to a folder would leave out what
 * is behind it without a word, as `model_signing` does, or go in a circle.
 *
 * @param folder absolute, free of symbolic links
 * @throws KeylessError MODEL_LINK, MODEL_NAME_NOT_UTF8, FILE_NOT_REGULAR, FILE_UNREADABLE
 */
export async function listModelFiles(folder: string, options: Options): Promise<ModelFile[]> {
  const files: ModelFile[] = []
  const folders = ['']
  // Grows meanwhile.
  for (const above of folders) {
    for (const entry of await list(folder, above)) {
      const name = above + entry.name
      if (options.skip(name)) continue
      if (name.includes('\u{FFFD}')) {
        throw new KeylessError(
          'MODEL_NAME_NOT_UTF8',
          `models: ${shown(folder, name)} is not named in UTF-8, so that it cannot be told from others; rename it, or add it to ignore-paths.`
        )
      }
      if (entry.isDirectory()) folders.push(`${name}/`)
      else files.push(lookAt(folder, name, entry, options.allowSymlinks))
    }
  }
  return sortByName(files)
}

async function list(folder: string, above: string): Promise<Dirent[]> {
  try {
    return await readdir(`${folder}/${above}`, { withFileTypes: true })
  } catch (cause) {
    throw unreadable(folder, above, cause)
  }
}

function lookAt(folder: string, name: string, entry: Dirent, allowSymlinks: boolean): ModelFile {
  const path = `${folder}/${name}`
  if (entry.isSymbolicLink()) return follow(folder, name, allowSymlinks)
  const status = attempt(folder, name, () => lstatSync(path))
  if (!status.isFile()) throw notRegular(folder, name)
  return { name, path, size: status.size }
}

function follow(folder: string, name: string, allowSymlinks: boolean): ModelFile {
  const link = `models: ${shown(folder, name)} is a symbolic link`
  if (!allowSymlinks) {
    throw new KeylessError(
      'MODEL_LINK',
      `${link}; put the file itself in its place, add it to ignore-paths, or set allow-symlinks to take what it leads to.`
    )
  }
  const { path, status } = attempt(folder, name, (): { path: string; status: Stats } => {
    const path = realpathSync(`${folder}/${name}`)
    return { path, status: statSync(path) }
  })
  if (!isWithin(path, folder)) {
    throw new KeylessError(
      'MODEL_LINK',
      `${link} to ${quote(path)}, outside the model; copy the file into the model (a download cache of Hugging Face is made of such links: download with "--local-dir").`
    )
  }
  if (status.isDirectory()) {
    throw new KeylessError(
      'MODEL_LINK',
      `${link} to a folder, which is not followed; put the folder itself in its place, or add the link to ignore-paths.`
    )
  }
  if (!status.isFile()) throw notRegular(folder, name)
  return { name, path, size: status.size }
}

/** Which of several models it is in, too. */
function shown(folder: string, name: string): string {
  return quote(`${basename(folder)}/${name}`)
}

function notRegular(folder: string, name: string): KeylessError {
  return new KeylessError(
    'FILE_NOT_REGULAR',
    `models: ${shown(folder, name)} is not a regular file (a pipe, socket or device); remove it, or add it to ignore-paths.`
  )
}

function attempt<T>(folder: string, name: string, look: () => T): T {
  try {
    return look()
  } catch (cause) {
    throw unreadable(folder, name, cause)
  }
}

function unreadable(folder: string, name: string, cause: unknown): KeylessError {
  return new KeylessError(
    'FILE_UNREADABLE',
    `models: ${shown(folder, name)} could not be looked at (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}); check that it, or what it links to, exists, and that this job's user may read it.`,
    { cause }
  )
}
