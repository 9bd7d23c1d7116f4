import { KeylessError } from '../errors.ts'
import { readLines } from '../trust/lines.ts'
import { quote } from '../trust/quote.ts'
import { sortByName } from './name.ts'

/** The digest of a file that was hashed elsewhere. */
export type Checksum = {
  name: string
  /** Lower-case hex. */
  sha256: string
}

const MOST_BYTES = 64 * 1024 * 1024

/** A statement of more is not read by who verifies it (src/json.ts). */
const MOST_FILES = 250_000

const LONGEST_NAME = 4096

/** coreutils: text or binary mode; with a backslash before it, the name is escaped. */
const GNU = /^(?<escaped>\\?)(?<hex>[0-9a-f]{64}) [ *](?<name>.+)$/is

/** `sha256sum --tag`, `shasum`, and `sha256` of the BSDs. */
const BSD = /^(?<escaped>\\?)SHA256 \((?<name>.+)\) = (?<hex>[0-9a-f]{64})$/is

/** In binary mode, `HEX * name` is GNU's line of a file whose name begins with a space. */
const LFS = /^[0-9a-f]{64} [*-] /i

const ESCAPES: Record<string, string> = { '\\\\': '\\', '\\n': '\n', '\\r': '\r' }

/**
 * Read the lines that `sha256sum` printed, of one place or of several, as one list.
 *
 * `./`, with which `find .` begins names, is taken off. A name must lead to one file in the folder
 * where the lines were made, in one way. A file that is listed twice is refused also with the same
 * digest: the places were to have a part each, so that one of them did not do what it was to.
 *
 * @param sources each with its name, for messages: the input, or a file that it names
 * @returns sorted by the UTF-8 bytes of the names, as OMS lists them
 * @throws KeylessError CHECKSUMS_…
 */
export function parseChecksums(sources: readonly { name: string; text: string }[]): Checksum[] {
  const bytes = sources.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
  if (bytes > MOST_BYTES) {
    throw tooLarge(`there are ${bytes} bytes of lines, and at most ${MOST_BYTES} are read`)
  }
  const places = new Map<string, Place>()
  const checksums: Checksum[] = []
  for (const { name: source, text } of sources) {
    for (const { line, number } of readLines(text.replace(/^\u{FEFF}/u, ''))) {
      const place = { source, number }
      const checksum = parseLine(line.replace(/\r$/, ''), place)
      const { name } = checksum
      const other = places.get(name)
      if (other) throw overlap(`${quote(name)} is listed twice, in ${words(other)}`, place)
      if (places.size === MOST_FILES) {
        throw tooLarge(`there are more than ${MOST_FILES} files`)
      }
      places.set(name, place)
      checksums.push(checksum)
    }
  }
  if (checksums.length === 0) {
    throw new KeylessError(
      'CHECKSUMS_EMPTY',
      'checksums: there is not one line; check that the step that prints them ran before this one.'
    )
  }
  checkFolders(places)
  return sortByName(checksums)
}

/** Where a line is. */
type Place = { source: string; number: number }

function words({ source, number }: Place): string {
  return `${quote(source)}, line ${number}`
}

// With what is lowest between its parts, a folder's name comes right before those in it.
function checkFolders(places: ReadonlyMap<string, Place>): void {
  const names = [...places.keys()].map(name => name.replaceAll('/', '\0')).sort()
  let last = names[0] ?? ''
  for (const name of names) {
    if (name.startsWith(`${last}\0`)) {
      const [file, below] = [last, name].map(each => each.replaceAll('\0', '/'))
      const [a, b] = [places.get(file ?? ''), places.get(below ?? '')]
      if (a && b) throw overlap(`${quote(file ?? '')} is a file in ${words(a)}, and a folder`, b)
    }
    last = name
  }
}

function parseLine(line: string, place: Place): Checksum {
  if (LFS.test(line)) {
    throw new KeylessError(
      'CHECKSUMS_INVALID',
      `checksums: ${words(place)} may be of "git lfs ls-files", or of a file whose name begins with a space; print the former with: git lfs ls-files --long | sed 's/ [*-] /  /'.`
    )
  }
  const { escaped, hex, name } = (GNU.exec(line) ?? BSD.exec(line))?.groups ?? {}
  if (hex === undefined || name === undefined) {
    throw new KeylessError(
      'CHECKSUMS_INVALID',
      `checksums: ${words(place)} is not a line of sha256sum (64 hexadecimal digits, two spaces, a name): ${quote(line, 100)}.`
    )
  }
  // Standard input, which has no name; and what no file can be called (PATH_MAX).
  if (name === '-' || name.length > LONGEST_NAME) throw unsafe(name, place)
  const meant = (escaped ? unescape(name, place) : name).replace(/^\.\//, '')
  const parts = meant.split('/')
  const odd = parts.some(part => part === '' || part === '.' || part === '..')
  if (odd || /[\0\u{FFFD}]/u.test(meant) || !meant.isWellFormed()) throw unsafe(meant, place)
  return { name: meant, sha256: hex.toLowerCase() }
}

function unescape(name: string, place: Place): string {
  return name.replace(/\\.?/gs, escape => {
    const meant = ESCAPES[escape]
    if (meant !== undefined) return meant
    throw new KeylessError(
      'CHECKSUMS_INVALID',
      `checksums: ${words(place)} begins with a backslash, and ${quote(escape)} in its name stands for nothing.`
    )
  })
}

function unsafe(name: string, place: Place): KeylessError {
  return new KeylessError(
    'CHECKSUMS_NAME_UNSAFE',
    `checksums: ${words(place)} names ${quote(name)}, which is not the name of a file within the model; run sha256sum in the model's folder, with relative names in UTF-8.`
  )
}

function tooLarge(what: string): KeylessError {
  return new KeylessError('CHECKSUMS_TOO_LARGE', `checksums: ${what}; sign a model of fewer files.`)
}

function overlap(what: string, place: Place): KeylessError {
  return new KeylessError(
    'CHECKSUMS_OVERLAP',
    `checksums: ${what} and ${words(place)}; each file must be listed once.`
  )
}
