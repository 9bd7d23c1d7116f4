/** What Stryker found, of https://github.com/stryker-mutator/mutation-testing-elements (report schema). */
export type Report = { files: Record<string, { source: string; mutants: Mutant[] }> }

type Mutant = {
  status: string
  mutatorName: string
  replacement?: string
  location: { start: Position; end: Position }
}
/** From 1. */
type Position = { line: number; column: number }

/** A mutant that no test can see, or need not: found again by the line it begins in, not by its number. */
export type Survivor = { file: string; line: string; from: string; to: string }

/** A survivor that somebody looked at. */
export type Explained = Survivor & { why: string }

export type Verdict = {
  scores: { file: string; detected: number; of: number }[]
  /** Survivors that are not explained. */
  unexplained: Survivor[]
  /** Explanations, for files that were measured, of what does not survive. */
  stale: Explained[]
}

const DETECTED = new Set(['Killed', 'Timeout'])
const SURVIVED = new Set(['Survived', 'NoCoverage'])

/**
 * Compares a report with the survivors that are explained.
 * @throws Error for a mutant that was neither detected nor survived: Stryker would leave it out of its score
 */
export function judge(report: Report, explained: readonly Explained[]): Verdict {
  const survivors: Survivor[] = []
  const scores = Object.entries(report.files).map(([file, { source, mutants }]) => {
    for (const mutant of mutants) {
      if (SURVIVED.has(mutant.status)) survivors.push(survivor(file, source, mutant))
      else if (!DETECTED.has(mutant.status)) {
        throw new Error(`${file}:${mutant.location.start.line}: a mutant is ${mutant.status}`)
      }
    }
    const detected = mutants.filter(({ status }) => DETECTED.has(status)).length
    return { file, detected, of: mutants.length }
  })
  const known = new Set(explained.map(key))
  const found = new Set(survivors.map(key))
  return {
    scores,
    unexplained: survivors.filter(each => !known.has(key(each))),
    stale: explained.filter(each => Object.hasOwn(report.files, each.file) && !found.has(key(each)))
  }
}

function survivor(file: string, source: string, mutant: Mutant): Survivor {
  const lines = source.split('\n')
  const { start, end } = mutant.location
  const [first = '', ...rest] = lines.slice(start.line - 1, end.line)
  const last = rest.pop()
  const from =
    last === undefined
      ? first.slice(start.column - 1, end.column - 1)
      : [first.slice(start.column - 1), ...rest, last.slice(0, end.column - 1)].join(' ')
  return {
    file,
    line: first.trim(),
    from: from.replace(/\s+/g, ' '),
    to: (mutant.replacement ?? mutant.mutatorName).replace(/\s+/g, ' ')
  }
}

function key({ file, line, from, to }: Survivor): string {
  return JSON.stringify([file, line, from, to])
}
