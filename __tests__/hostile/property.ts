import fc from 'fast-check'
import { KeylessError } from '../../src/errors.ts'

/** Inputs for each property; a longer search is one of a variable (CONTRIBUTING.md). */
const RUNS = Number(process.env.HOSTILE_RUNS ?? 40)

/** Of the processor, in milliseconds; other work on the machine does not count. */
const LONGEST = 2000

/**
 * Whatever comes in, what reads it returns, or throws an error of ours, within 2 s.
 * @returns what it must be awaited for; a failure says the seed and the smallest input
 */
export async function expectOnlyOurs<T>(
  inputs: fc.Arbitrary<T>,
  read: (input: T) => unknown,
  runs = RUNS
): Promise<void> {
  const property = fc.asyncProperty(inputs, async input => {
    const start = process.cpuUsage()
    try {
      await read(input)
    } catch (error) {
      if (!(error instanceof KeylessError)) throw error
    }
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000 < LONGEST
  })
  await fc.assert(property, { numRuns: runs })
}

type Path = (string | number)[]

/** Where in a document something is, containers too. */
function paths(value: unknown, prefix: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) => {
    const path = [...prefix, Array.isArray(value) ? Number(key) : key]
    return [path, ...paths(each, path)]
  })
}

const TEXT = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '__proto__',
    'constructor',
    '\0',
    '\ud800',
    '../..',
    '::error::x',
    '-1',
    '1e400'
  ),
  fc.integer({ min: 1, max: 70_000 }).map(length => 'A'.repeat(length)),
  fc.integer({ min: 1, max: 50_000 }).map(length => 'a.'.repeat(length))
)

const VALUE = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  TEXT,
  fc.constantFrom(null, 0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER, true, [], {}),
  fc.integer({ min: 1, max: 100 }).map(depth => nested(depth))
)

function nested(depth: number): unknown {
  let value: unknown = 0
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value }
  return value
}

type Change = (value: unknown) => unknown

const CHANGE: fc.Arbitrary<Change | 'delete' | 'rename' | 'add'> = fc.oneof(
  fc.constantFrom('delete' as const, 'rename' as const, 'add' as const),
  VALUE.map<Change>(other => () => other),
  fc.constantFrom<Change>(
    value => [value],
    value => ({ value }),
    value => [value, value],
    value =>
      Array.isArray(value) ? Array.from({ length: 2000 }, () => value[0] as unknown) : value,
    value => (typeof value === 'string' ? value.slice(1) : value),
    value => (typeof value === 'string' ? value + value : value),
    value => (typeof value === 'string' ? `${value}\n` : value),
    value => (typeof value === 'string' ? Number(value) : String(value))
  )
)

/** Text of a valid document after some changes: parts deleted, doubled, retyped, nested, lengthened. */
export function mutants(valid: unknown): fc.Arbitrary<string> {
  const changes = fc.array(fc.tuple(fc.nat(), CHANGE, VALUE, fc.boolean()), {
    minLength: 1,
    maxLength: 3
  })
  const changed = changes.map(list => {
    const document = structuredClone(valid)
    for (const [pick, change, value, low] of list) {
      const all = paths(document)
      // Half of them near the root, of whose few parts a mere pick would rarely take one.
      const few = low ? all.filter(path => path.length < 4) : all
      const path = few[pick % Math.max(1, few.length)]
      if (path) apply(document, path, change, value)
    }
    return JSON.stringify(document)
  })
  return fc.oneof(
    { weight: 6, arbitrary: changed },
    { weight: 1, arbitrary: fc.tuple(changed, fc.nat(), fc.nat({ max: 20 })).map(cutOut) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) }
  )
}

function cutOut([text, at, length]: [string, number, number]): string {
  const start = at % (text.length + 1)
  return text.slice(0, start) + text.slice(start + length)
}

function apply(
  document: unknown,
  path: Path,
  change: Change | 'delete' | 'rename' | 'add',
  value: unknown
): void {
  const last = path.at(-1) ?? ''
  const holder = path
    .slice(0, -1)
    .reduce<unknown>(
      (at, key) => (at as Record<string | number, unknown> | null | undefined)?.[key],
      document
    )
  // A changed document may have lost what is below a key such as __proto__.
  if (typeof holder !== 'object' || holder === null) return
  const fields = holder as Record<string | number, unknown>
  const { [last]: old } = fields
  if (typeof change === 'function') fields[last] = change(old)
  else if (change === 'add') fields[`${last}2`] = value
  else {
    if (Array.isArray(holder)) holder.splice(Number(last), 1)
    else Reflect.deleteProperty(fields, last)
    if (change === 'rename') fields[String(last).toUpperCase()] = old
  }
}

/** Text that is often made of what the reader looks for. */
export function textOf(...words: string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 5 }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...words), fc.integer({ min: 1, max: 20_000 }))
        .map(([word, times]) => word.repeat(times))
    }
  )
  return fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join(''))
}
