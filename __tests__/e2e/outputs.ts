/**
 * Reads a GITHUB_OUTPUT file as the runner does (`FileCommandManager.cs`, `EnvFileKeyValuePairs`):
 * `name=value`, or `name<<delimiter`, lines, `delimiter`.
 *
 * @throws Error where the runner would fail the step
 */
export function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {}
  const lines = text.split('\n')
  // What follows the last line break is no line.
  if (lines.at(-1) === '') lines.pop()
  while (lines.length > 0) {
    const line = lines.shift() ?? ''
    if (line === '') continue
    const equals = position(line, '=')
    const heredoc = position(line, '<<')
    if (equals < heredoc) {
      outputs[named(line.slice(0, equals), line)] = line.slice(equals + 1)
    } else if (heredoc < equals) {
      const delimiter = line.slice(heredoc + 2)
      const end = delimiter === '' ? -1 : lines.indexOf(delimiter)
      if (end < 0) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`)
      outputs[named(line.slice(0, heredoc), line)] = lines
        .splice(0, end + 1)
        .slice(0, -1)
        .join('\n')
    } else {
      throw new Error(`Invalid format '${line}'`)
    }
  }
  return outputs
}

function position(line: string, part: string): number {
  const at = line.indexOf(part)
  return at < 0 ? Infinity : at
}

function named(name: string, line: string): string {
  if (name === '') throw new Error(`Invalid format '${line}'. Name must not be empty`)
  return name
}
