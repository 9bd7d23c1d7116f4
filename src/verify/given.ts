import { stat } from 'node:fs/promises'
import { KeylessError } from '../errors.ts'
import { expand } from '../runner/glob.ts'
import { readBundle } from '../storage/local.ts'
import { displayName } from '../subjects/file.ts'
import { parseBundles, type ParsedBundle } from '../trust/bundle.ts'

/** Bundles that every subject is tried with at most. */
const MOST_CANDIDATES = 10_000

/** A bundle, and the path of the file that holds it. */
export type GivenBundle = ParsedBundle & { path: string }

/**
 * The bundles that the input `bundle` names; every line must name at least one that is there.
 *
 * @throws KeylessError NO_BUNDLE, BUNDLE_TOO_MANY
 */
export async function readGiven(patterns: string[], workspace: string): Promise<GivenBundle[]> {
  const candidates: GivenBundle[] = []
  for (const pattern of patterns) {
    const before = candidates.length
    for (const path of await expand(pattern, [])) {
      if ((await stat(path).catch(() => undefined))?.isDirectory()) continue
      for (const each of await readBundles(path, displayName(path, [workspace]))) {
        candidates.push(each)
      }
    }
    if (candidates.length === before) {
      throw new KeylessError(
        'NO_BUNDLE',
        `bundle: "${pattern}" names no bundle; check the path, and that the step that fetches it ran before this one.`
      )
    }
    if (candidates.length > MOST_CANDIDATES) {
      throw new KeylessError(
        'BUNDLE_TOO_MANY',
        `bundle: these lines name ${candidates.length} bundles, and every subject would be tried with each; name at most ${MOST_CANDIDATES}.`
      )
    }
  }
  return candidates
}

/** The candidates in a file; one that cannot be read is a candidate that never passes. */
export async function readBundles(path: string, name: string): Promise<GivenBundle[]> {
  try {
    const text = await readBundle(path)
    const bundles = text === undefined ? [] : parseBundles(text, name)
    return bundles.map(bundle => ({ ...bundle, path }))
  } catch (error) {
    if (error instanceof KeylessError) return [{ name, path, error }]
    throw error
  }
}
