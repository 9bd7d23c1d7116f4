import { isDeepStrictEqual } from 'node:util'
import { KeylessError } from '../src/errors.ts'
import { IRRELEVANT } from './irrelevant.ts'
import { mutateJson } from './json.ts'
import type { Kind } from './kind.ts'
import { mutateParts } from './parts.ts'

/** What became of the mutants of a kind, each a field and an operator. */
export type Verdict = {
  kind: string
  mutants: number
  refused: number
  /** The fields of mutants that were accepted, as the list of irrelevant fields has them. */
  irrelevant: string[]
  accepted: number
  /** What must not be: accepted and not listed, listed and refused, thrown, slow. */
  problems: string[]
}

/** CPU time that one verification may take. */
const SLOWEST = 2_000_000

/** Tries all mutants of a kind. @throws Error when what they are made of does not verify itself */
export async function judge(kind: Kind): Promise<Verdict> {
  const honest = kind.read(kind.honest)
  await kind.verify(honest)
  const [again = '', ...others] = kind.donors.same
  await kind.verify(kind.read(again))
  const same = [honest, ...[again, ...others].map(kind.read)]

  /** Whether a mutant was accepted, in any of the forms that it has. */
  const outcomes = new Map<string, boolean>()
  const problems: string[] = []
  for (const mutations of [
    mutateJson(kind.honest, kind.donors),
    mutateParts(kind.honest, kind.donors)
  ]) {
    for (const { field, operator, result } of mutations) {
      const mutant = `${field} | ${operator}`
      const start = process.threadCpuUsage()
      const outcome = await outcomeOf(kind, result, same)
      const { user, system } = process.threadCpuUsage(start)
      if (outcome === 'the same') continue
      if (user + system > SLOWEST) problems.push(`${mutant}: took more than 2 s`)
      if (outcome instanceof Error) problems.push(`${mutant}: threw ${String(outcome)}`)
      outcomes.set(mutant, outcome === 'accepted' || outcomes.get(mutant) === true)
    }
  }
  return { kind: kind.name, ...compare(kind.name, outcomes, problems) }
}

async function outcomeOf(
  kind: Kind,
  text: string,
  same: unknown[]
): Promise<'the same' | 'accepted' | 'refused' | Error> {
  try {
    const read = kind.read(text)
    // What is read as a valid signature by whom it should be is no mutant, whatever the text was.
    if (read === undefined || same.some(each => isDeepStrictEqual(read, each))) return 'the same'
    await kind.verify(read)
    return 'accepted'
  } catch (error) {
    if (error instanceof KeylessError) return 'refused'
    return error instanceof Error ? error : new Error(String(error))
  }
}

function compare(
  kind: string,
  outcomes: ReadonlyMap<string, boolean>,
  problems: string[]
): Omit<Verdict, 'kind'> {
  const accepted = [...outcomes].filter(([, ok]) => ok).map(([mutant]) => mutant)
  const listed = new Map<string, string>(
    IRRELEVANT.flatMap(({ field, places }) =>
      places
        .filter(({ kinds }) => kinds.test(kind))
        .flatMap(({ path, operators }) =>
          operators.map(operator => [`${path} | ${operator}`, field] as const)
        )
    )
  )
  const unlisted = accepted.filter(mutant => !listed.has(mutant))
  const wrong = [...listed.keys()].filter(mutant => !accepted.includes(mutant))
  return {
    mutants: outcomes.size,
    refused: outcomes.size - accepted.length,
    accepted: accepted.length,
    irrelevant: [...new Set(accepted.flatMap(mutant => listed.get(mutant) ?? []))],
    problems: [
      ...problems,
      ...unlisted.map(mutant => `${mutant}: accepted`),
      ...wrong.map(
        mutant =>
          `${mutant}: listed as irrelevant, but ${outcomes.has(mutant) ? 'refused' : 'not there'}`
      )
    ]
  }
}
