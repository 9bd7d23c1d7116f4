/** The lines of a text that are not blank, with their numbers from 1; not all at once, as there may be millions. */
export function* readLines(text: string): Generator<{ line: string; number: number }> {
  for (let start = 0, number = 1; start < text.length; number++) {
    const end = text.indexOf('\n', start)
    const line = text.slice(start, end === -1 ? text.length : end)
    start += line.length + 1
    if (line.trim() !== '') yield { line, number }
  }
}
