import { KeylessError } from '../../src/errors.ts'
import { parseJson } from '../../src/trust/json.ts'

/** A program: what one large text costs to read. Prints its code, milliseconds, and MiB beyond the text. */

const SIZE = 64 * 1024 * 1024

/** `before`, as many numbered pieces as there is room and need for, `after`. */
function many(
  before: string,
  piece: (i: number) => string,
  after: string,
  most = Infinity
): Buffer {
  const bytes = Buffer.alloc(SIZE)
  let at = bytes.write(before, 'latin1')
  for (let i = 0; i < most; i++) {
    const text = piece(i)
    if (at + text.length + after.length > SIZE) break
    at += bytes.write(text, at, 'latin1')
  }
  at += bytes.write(after, at, 'latin1')
  return bytes.subarray(0, at)
}

/** `before`, a piece as often as there is room for it, `after`. */
function full(before: string, piece: string, after: string): Buffer {
  const room = Math.floor((SIZE - before.length - after.length) / piece.length)
  return Buffer.from(before + piece.repeat(room) + after)
}

/** Just below the most values that are read. */
const MOST = 1024 * 1024 - 10

/** Objects of 65,000 keys. */
function objects(key: (i: number) => string): Buffer {
  return many('[{', i => `${key(i)}${i % 65_000 === 64_999 ? '},{' : ','}`, '"":0}]', MOST - 100)
}

const name = (i: number, length: number): string => String(i).padStart(length, 'k')

const TEXTS: Record<string, () => Buffer> = {
  numbers: () => full('[', '0,', '0]'),
  lists: () => full('[', '[],', '0]'),
  objects: () => full('[', '{},', '0]'),
  keys: () => many('{', i => `"${name(i, 8)}":0,`, '"":0}'),
  'keys in objects': () => many('[', i => `{"${i}":0},`, '0]'),
  'one string': () => full('"', 'a', '"'),
  escapes: () => full('"', '\\u0041', '"'),
  quotes: () => full('"', '\\"', '"'),
  backslashes: () => full('"', '\\\\', '"'),
  'one number': () => full('', '1', ''),
  'one letter that is not Latin': () => Buffer.from(`["${'a'.repeat(SIZE - 10)}€"]`),
  blanks: () => full('{"a"', ' ', ':0}'),
  'no end of a string': () => full('{"a":"', '\\"', ''),
  'as many long values as are read': () => many('[', i => `"${name(i, 60)}",`, '0]', MOST),
  'as many keys, each object of one': () => many('[', i => `{"${name(i, 20)}":0},`, '0]', MOST / 2),
  'as many keys, each object of as many as may be': () => objects(i => `"${name(i, 60)}":0`),
  'as many escaped keys': () => objects(i => `"\\u0041${name(i, 52)}":0`),
  'an OMS statement of 100,000 files': () =>
    many(
      '{"resources":[',
      i => `{"algorithm":"sha256","digest":"${name(i, 64)}","name":"weights/${name(i, 40)}"},`,
      '{}]}',
      100_000
    )
}

const bytes = TEXTS[process.argv[2] ?? '']?.()
if (bytes === undefined) console.log(Object.keys(TEXTS).join('\n'))
else {
  const text = bytes.toString('utf8')
  const before = process.memoryUsage.rss()
  const start = process.cpuUsage()
  let outcome = 'read'
  try {
    parseJson(text, 'x')
  } catch (error) {
    outcome = error instanceof KeylessError ? error.code : String(error)
  }
  const { user, system } = process.cpuUsage(start)
  const peak = process.resourceUsage().maxRSS / 1024 - before / 1024 / 1024
  console.log(JSON.stringify({ outcome, seconds: (user + system) / 1e6, peak: Math.round(peak) }))
}
