/** What lies at a path, or below it, is ignored; there are no globs (OMS v1.0). */
export function ignoring(ignorePaths: readonly string[]): (name: string) => boolean {
  const ignored = new Set(ignorePaths)
  const longest = ignorePaths.reduce((most, { length }) => Math.max(most, length), 0)
  return name => {
    for (const path of pathsTo(name)) {
      // To look up a name costs as much as it is long: of one of 2,000 folders all of its 2,000 paths.
      if (path.length <= longest && ignored.has(path)) return true
    }
    return false
  }
}

/** A path and those above it: `a/b/c`, `a/b`, `a`. */
export function* pathsTo(name: string): Generator<string> {
  for (let end = name.length; end > 0; end = name.lastIndexOf('/', end - 1)) {
    yield name.slice(0, end)
  }
}
