import { create } from '@actions/glob'
import { KeylessError } from '../errors.ts'

/**
 * The paths that one pattern names: symbolic links themselves and not what lies behind them,
 * and a folder only itself, not what lies below it.
 *
 * @throws KeylessError INPUT_INVALID for a pattern that the library does not take
 */
export async function expand(pattern: string, exclusions: string[]): Promise<string[]> {
  try {
    const globber = await create([pattern, ...exclusions].join('\n'), {
      followSymbolicLinks: false,
      implicitDescendants: false,
      omitBrokenSymbolicLinks: false
    })
    return await globber.glob()
  } catch (cause) {
    throw new KeylessError(
      'INPUT_INVALID',
      `The path "${pattern}" cannot be used (${cause instanceof Error ? cause.message : 'unknown error'}); write it without "." and "..", from the workspace or from the root.`,
      { cause }
    )
  }
}
