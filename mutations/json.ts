import { isObject } from '../src/json.ts'
import { flipBit, offsets } from './bits.ts'
import { flipText } from './lines.ts'
import { inner, HUGE, swaps, type Donors, type Mutation, type Operator } from './mutation.ts'
import { encodingOf } from './within.ts'

type Path = readonly string[]

/** All places below the top: keys of objects, and positions in lists. */
function* paths(json: unknown, above: Path = []): Generator<Path> {
  if (typeof json !== 'object' || json === null) return
  for (const [key, value] of Object.entries(json)) {
    yield [...above, key]
    yield* paths(value, [...above, key])
  }
}

function at(json: unknown, path: Path): unknown {
  return path.reduce((parent, key) => (parent as Record<string, unknown> | undefined)?.[key], json)
}

/** In place of a key that is there already: JSON.stringify writes no key twice. */
const AGAIN = 'the key before, again'

/** JSON text with what is at a path replaced by any number of others: none, one, or two of the same key. */
function put(json: unknown, path: Path, values: readonly unknown[]): string {
  const copy = structuredClone(json)
  const parent = at(copy, path.slice(0, -1))
  const key = path.at(-1) ?? ''
  if (Array.isArray(parent)) {
    parent.splice(Number(key), 1, ...values)
    return JSON.stringify(copy)
  }
  const object = parent as Record<string, unknown>
  const entries = Object.entries(object).flatMap(([each, value]): [string, unknown][] =>
    each === key ? values.map((one, i) => [i === 0 ? key : AGAIN, one]) : [[each, value]]
  )
  for (const each of Object.keys(object)) Reflect.deleteProperty(object, each)
  Object.assign(object, Object.fromEntries(entries))
  return JSON.stringify(copy).replace(JSON.stringify(AGAIN), JSON.stringify(key))
}

/**
 * Every field of JSON with every operator, and what is encoded within its strings.
 * @param deep whether to look into strings
 */
export function* mutateJson(
  text: string,
  donors: Donors<string>,
  deep = true
): Generator<Mutation<string>> {
  const json = JSON.parse(text) as unknown
  const parsed = inner(donors, donor => JSON.parse(donor) as unknown)
  for (const path of paths(json)) {
    const field = path.join('.')
    const value = at(json, path)
    const others = inner(parsed, donor => at(donor, path))
    const made = (operator: Operator, ...values: unknown[]): Mutation<string> => ({
      field,
      operator,
      result: put(json, path, values)
    })

    yield made('delete')
    yield made('null', null)
    yield made('duplicate', value, value)
    for (const [, other] of swaps(others, each => each)) yield made('duplicate', value, other)
    const encoding = deep && typeof value === 'string' ? encodingOf(value) : undefined
    for (const each of flip(value, encoding !== undefined)) yield made('flip', each)
    for (const each of types(value)) yield made('type', each)
    for (const each of oversize(value)) yield made('oversize', each)
    for (const [operator, other] of swaps(others, each => each)) yield made(operator, other)

    if (!encoding) continue
    const strings = inner(others, each => (typeof each === 'string' ? each : undefined))
    for (const mutation of encoding(String(value), strings)) {
      yield {
        field: `${field} / ${mutation.field}`,
        operator: mutation.operator,
        result: put(json, path, [mutation.result])
      }
    }
  }
}

const isBase64 = (text: string): boolean =>
  text !== '' && Buffer.from(text, 'base64').toString('base64') === text

/** @param hasFields of its own, which are flipped one by one */
function* flip(value: unknown, hasFields: boolean): Generator {
  if (typeof value === 'boolean') yield !value
  else if (typeof value === 'number') yield value ^ 1
  else if (typeof value !== 'string') return
  else if (/^\d+$/.test(value))
    for (const bit of [1n, 16n, 1n << 40n]) yield `${BigInt(value) ^ bit}`
  else if (hasFields) {
    for (const offset of [0, value.length - 1]) {
      yield flipBit(Buffer.from(value), offset).toString('utf8')
    }
  } else {
    yield* flipText(value)
    if (!isBase64(value)) return
    const bytes = Buffer.from(value, 'base64')
    for (const offset of offsets(bytes.length)) yield flipBit(bytes, offset).toString('base64')
  }
}

function* types(value: unknown): Generator {
  yield [value]
  yield { value }
  yield typeof value === 'string' && value !== '' ? '' : 'text'
  yield typeof value === 'boolean' ? 1 : true
  yield 0
  yield -1
  yield 1.5
  yield []
  yield {}
  if (typeof value !== 'string') yield JSON.stringify(value)
  else if (/^\d+$/.test(value)) yield* [Number(value), `0${value}`, `+${value}`, `${value}.0`]
  else if (isBase64(value))
    yield* [value.replaceAll('=', ''), Buffer.from(value, 'base64').toString('hex')]
}

function* oversize(value: unknown): Generator {
  if (typeof value === 'number') yield* [2 ** 53, Number.MAX_VALUE]
  else if (Array.isArray(value))
    yield Array.from({ length: 1025 }, (_, i) => value[i % value.length] as unknown)
  else if (isObject(value)) yield { ...value, more: 'A'.repeat(HUGE) }
  else if (typeof value !== 'string') return
  else if (/^\d+$/.test(value)) yield* ['9'.repeat(18), `${2n ** 64n}`, '9'.repeat(HUGE)]
  else if (isBase64(value)) {
    const bytes = Buffer.from(value, 'base64')
    yield Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64')
    yield Buffer.concat([bytes, Buffer.alloc(HUGE)]).toString('base64')
  } else yield* [`${value}A`, value + 'A'.repeat(HUGE)]
}
