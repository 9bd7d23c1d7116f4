import type { Stats } from 'node:fs'
import { lstat, realpath, stat } from 'node:fs/promises'
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path'
import { KeylessError } from '../errors.ts'

/** Finds the paths of one pattern; links are reported, never followed. */
export type Expand = (pattern: string, exclusions: string[]) => Promise<string[]>

export type FileSubject = {
  /** As a person in the workspace would write it. */
  name: string
  /** Absolute, as it was found. */
  path: string
  /** Absolute, free of symbolic links: what is hashed. */
  real: string
}

export type Files = {
  subjects: FileSubject[]
  /** Bundles among the matches, going by their names: signatures are not signed. */
  bundles: { name: string; path: string }[]
}

const BUNDLE = /\.sigstore\.jsonl?$/

/**
 * The regular files that the lines of a `files` input name, each once, sorted by name.
 *
 * A line is a path or a glob; one that begins with `!` takes matches of the others away. Every
 * line must match, since a build that no longer writes a file must not pass for want of it; and
 * what lies in a folder that a glob matched must be named or taken away, since whoever writes
 * `dist/*` means all of it.
 *
 * @param lines the input's lines
 * @param workspace absolute path of the workspace, which symbolic links must not leave
 * @throws KeylessError NO_SUBJECT, FILE_NOT_REGULAR, FILE_OUTSIDE_WORKSPACE, FILE_UNREADABLE
 */
export async function findFiles(
  lines: string[],
  workspace: string,
  expand: Expand
): Promise<Files> {
  // A runner's workspace may itself be reached through a link; paths come in either spelling.
  const roots = [workspace, await realpath(workspace)] as const
  const exclusions = lines.filter(line => line.startsWith('!'))
  const patterns = lines.filter(line => !line.startsWith('!'))
  const found = new Map<string, FileSubject>()
  const bundles = new Set<string>()
  const folders = new Set<string>()
  for (const pattern of patterns) {
    // A name that is there means itself, whatever a glob would make of its brackets.
    const literal = await lstat(resolve(workspace, pattern)).then(
      () => asGlob(resolve(workspace, pattern)),
      () => pattern
    )
    const matches = await expand(literal, exclusions)
    for (const path of matches) {
      const subject = await resolveFile(path, roots, pattern)
      if (!subject) folders.add(path)
      else if (BUNDLE.test(path)) bundles.add(path)
      else found.set(path, subject)
    }
    if (matches.every(path => folders.has(path))) {
      const taken = matches.length === 0 && (await expand(pattern, [])).length > 0
      throw nothing(pattern, taken ? 'excluded' : matches.length > 0 ? 'folders' : 'absent')
    }
  }
  const paths = [...found.keys(), ...bundles]
  for (const folder of folders) {
    if (paths.some(path => isWithin(path, folder))) continue
    const [missed] = (await expand(`${asGlob(folder)}/**`, exclusions)).filter(
      path => path !== folder
    )
    if (missed === undefined) continue
    const name = displayName(folder, roots)
    throw new KeylessError(
      'FILE_NOT_REGULAR',
      `files: ${name} is a folder with files that no line names, such as ${displayName(missed, roots)}; add "${name}/**", or "!${name}" and "!${name}/**".`
    )
  }
  if (found.size === 0) {
    throw new KeylessError(
      'NO_SUBJECT',
      bundles.size > 0
        ? `files: the only matches are bundles (${[...bundles].map(path => displayName(path, roots)).join(', ')}), which are left out; name the files that they sign.`
        : 'files: no line names a file; give at least one path or glob.'
    )
  }
  return {
    subjects: [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    bundles: [...bundles].sort().map(path => ({ name: displayName(path, roots), path }))
  }
}

function nothing(pattern: string, why: 'excluded' | 'folders' | 'absent'): KeylessError {
  const reasons = {
    excluded: 'matches only what the lines with "!" take away; drop it, or them',
    folders: 'matches only folders; write a pattern such as "dir/**" for the files in them',
    absent:
      'matches no file; check the pattern, and that the step that makes the file ran before this one'
  }
  return new KeylessError('NO_SUBJECT', `files: "${pattern}" ${reasons[why]}.`)
}

/** A glob that matches this path alone: a class of one character stands for that character. */
function asGlob(path: string): string {
  return path.replace(/[*?[]/g, '[$&]')
}

/** The file behind a match, or nothing for a folder that a glob ran across. */
async function resolveFile(
  path: string,
  roots: Roots,
  pattern: string
): Promise<FileSubject | undefined> {
  const name = displayName(path, roots)
  const { link, real, target } = await look(path, name)
  if (name.includes('\u{FFFD}')) {
    throw new KeylessError(
      'FILE_UNREADABLE',
      `files: ${name} is not named in UTF-8, so that it cannot be told from others; rename it.`
    )
  }
  // Whoever can write a link into the workspace must not have a signature of any file that the
  // runner can read. A path outside that the workflow names itself is the workflow's own word.
  const inside = roots.some(root => isWithin(path, root))
  if ((link || inside) && !isWithin(real, roots[1])) {
    throw new KeylessError(
      'FILE_OUTSIDE_WORKSPACE',
      `files: ${name} is a symbolic link, or lies below one, to ${real}, outside the workspace; copy the file into the workspace, or name its real path.`
    )
  }
  if (target.isFile()) return { name, path, real }
  if (!target.isDirectory()) {
    throw new KeylessError(
      'FILE_NOT_REGULAR',
      `files: ${name} is not a regular file (a pipe, socket or device); name regular files only.`
    )
  }
  if (link) {
    throw new KeylessError(
      'FILE_NOT_REGULAR',
      `files: ${name} is a symbolic link to a folder, and is not followed; name the folder itself, or take the link away with "!${name}".`
    )
  }
  if (resolve(roots[0], pattern) !== path && resolve(roots[1], pattern) !== path) return undefined
  throw new KeylessError(
    'FILE_NOT_REGULAR',
    `files: ${name} is a folder; write "${name}/**" for every file below it.`
  )
}

type Look = { link: boolean; real: string; target: Stats }

async function look(path: string, name: string): Promise<Look> {
  try {
    const link = (await lstat(path)).isSymbolicLink()
    const real = await realpath(path)
    return { link, real, target: await stat(real) }
  } catch (cause) {
    throw new KeylessError(
      'FILE_UNREADABLE',
      `files: ${name} could not be looked at (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}); check that it, or what it links to, exists, and that this job's user may read it.`,
      { cause }
    )
  }
}

/** The workspace, as the runner names it and as it really is. */
type Roots = readonly [string, string]

/** A path as a person in the workspace would write it. */
export function displayName(path: string, roots: readonly string[]): string {
  const root = roots.find(each => isWithin(path, each))
  const name = root === undefined ? path : relative(root, path) || '.'
  return name.split(sep).join('/')
}

/** The nearest folder above all of the absolute paths. */
export function commonFolder(paths: string[]): string {
  const [first = sep, ...rest] = paths
  let folder = dirname(first)
  while (!rest.every(path => isWithin(path, folder))) folder = dirname(folder)
  return folder
}

/** Whether an absolute path is the folder, or lies below it. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}
