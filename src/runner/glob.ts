import { create } from '@actions/glob'

/**
 * The paths that one pattern names: symbolic links themselves and not what lies behind them,
 * and a folder only itself, not what lies below it.
 */
export async function expand(pattern: string, exclusions: string[]): Promise<string[]> {
  const globber = await create([pattern, ...exclusions].join('\n'), {
    followSymbolicLinks: false,
    implicitDescendants: false,
    omitBrokenSymbolicLinks: false
  })
  return await globber.glob()
}
