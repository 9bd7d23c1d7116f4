import { KeylessError } from '../errors.ts'
import { quote } from '../trust/quote.ts'
import { sortByName } from './name.ts'

/** The digest of a file that was hashed elsewhere. */
export type Checksum = {
  name: string
  /** Lower-case hex. */
  sha256: string
}

const MOST_BYTES = 64 * 1024 * 1024

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
    throw new KeylessError(
      'CHECKSUMS_TOO_LARGE',
      `checksums: there are ${bytes} bytes of lines, and at most ${MOST_BYTES} are read; sign a model of fewer files.`
    )
  }
  const places = new Map<string, string>()
  const checksums: Checksum[] = []
  for (const { name: source, text } of sources) {
    for (const [i, line] of text
      .replace(/^\u{FEFF}/u, '')
      .split('\n')
      .entries()) {
      if (line.trim() === '') continue
      const place = `${quote(source)}, line ${i + 1}`
      const checksum = parseLine(line.replace(/\r$/, ''), place)
      const { name } = checksum
      const other = places.get(name)
      if (other !== undefined) throw overlap(`${quote(name)} is listed twice, in ${other}`, place)
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
  for (const { name } of checksums) {
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
      const folder = places.get(name.slice(0, end))
      if (folder === undefined) continue
      const what = `${quote(name.slice(0, end))} is a file in ${folder}, and a folder`
      throw overlap(what, places.get(name) ?? '')
    }
  }
  return sortByName(checksums)
}

function parseLine(line: string, place: string): Checksum {
  if (LFS.test(line)) {
    throw new KeylessError(
      'CHECKSUMS_INVALID',
      `checksums: ${place} may be of "git lfs ls-files", or of a file whose name begins with a space; print the former with: git lfs ls-files --long | sed 's/ [*-] /  /'.`
    )
  }
  const { escaped, hex, name } = (GNU.exec(line) ?? BSD.exec(line))?.groups ?? {}
  if (hex === undefined || name === undefined) {
    throw new KeylessError(
      'CHECKSUMS_INVALID',
      `checksums: ${place} is not a line of sha256sum (64 hexadecimal digits, two spaces, a name): ${quote(line, 100)}.`
    )
  }
  // Standard input, which has no name.
  if (name === '-') throw unsafe(name, place)
  const meant = (escaped ? unescape(name, place) : name).replace(/^\.\//, '')
  const parts = meant.split('/')
  const odd = parts.some(part => part === '' || part === '.' || part === '..')
  if (odd || /[\0\u{FFFD}]/u.test(meant) || !meant.isWellFormed()) throw unsafe(meant, place)
  return { name: meant, sha256: hex.toLowerCase() }
}

function unescape(name: string, place: string): string {
  return name.replace(/\\.?/gs, escape => {
    const meant = ESCAPES[escape]
    if (meant !== undefined) return meant
    throw new KeylessError(
      'CHECKSUMS_INVALID',
      `checksums: ${place} begins with a backslash, and ${quote(escape)} in its name stands for nothing.`
    )
  })
}

function unsafe(name: string, place: string): KeylessError {
  return new KeylessError(
    'CHECKSUMS_NAME_UNSAFE',
    `checksums: ${place} names ${quote(name)}, which is not the name of a file within the model; run sha256sum in the model's folder, with relative names in UTF-8.`
  )
}

function overlap(what: string, place: string): KeylessError {
  return new KeylessError(
    'CHECKSUMS_OVERLAP',
    `checksums: ${what} and ${place}; each file must be listed once.`
  )
}
