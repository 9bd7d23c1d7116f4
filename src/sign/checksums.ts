import { stat } from 'node:fs/promises'
import { sep } from 'node:path'
import { KeylessError } from '../errors.ts'
import { expand } from '../runner/glob.ts'
import { readText } from '../storage/local.ts'
import { parseChecksums, type Checksum } from '../subjects/checksums.ts'
import { displayName } from '../subjects/file.ts'
import { quote } from '../trust/quote.ts'

/** How a line of sha256sum begins, which no path does. */
const LINE = /^\\?(?:[0-9a-f]{64} |SHA256 \()/i

/**
 * The digests that the input `checksums` gives: lines of sha256sum, or lines that name files with such.
 *
 * @throws KeylessError INPUT_INVALID, CHECKSUMS_…
 */
export async function readChecksums(input: string, workspace: string): Promise<Checksum[]> {
  if (LINE.test(input)) return parseChecksums([{ name: 'the input', text: input }])
  const patterns = input.split('\n').flatMap(line => line.trim() || [])
  const paths = new Set<string>()
  for (const pattern of patterns) {
    const before = paths.size
    for (const path of await expand(pattern, [])) {
      if (!(await stat(path).catch(() => undefined))?.isDirectory()) paths.add(path)
    }
    if (paths.size > before) continue
    throw new KeylessError(
      'INPUT_INVALID',
      `checksums: ${quote(pattern)} is neither a line of sha256sum nor names a further file with such lines; check it, and that the step that makes the file ran before this one.`
    )
  }
  const sources: { name: string; text: string }[] = []
  for (const path of paths) {
    const text = await readText('checksums', path)
    sources.push({ name: displayName(path, [workspace]), text })
  }
  return parseChecksums(sources)
}

/**
 * Refuse names that are as seen from a folder above the model: a verifier would find none of them in it.
 *
 * @param path of the model, absolute
 * @throws KeylessError INPUT_INVALID
 */
export function checkSeenFrom(path: string, checksums: readonly Checksum[]): void {
  const parts = path.split(sep)
  const prefix = parts
    .map((_, above) => `${parts.slice(above).join('/')}/`)
    .find(prefix => checksums.every(({ name }) => name.startsWith(prefix)))
  if (prefix === undefined) return
  throw new KeylessError(
    'INPUT_INVALID',
    `checksums: every name begins with ${quote(prefix)}, and names are as seen from the model; make the list in it (cd my-model && find . -type f -exec sha256sum {} +).`
  )
}
