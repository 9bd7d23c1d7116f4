import { KeylessError } from '../errors.ts'
import { quote } from './quote.ts'

/** Bytes of one document; larger ones are refused before anything is parsed. */
const MAX_BYTES = 64 * 1024 * 1024

/** Levels of objects and arrays. */
const MAX_DEPTH = 64

/**
 * Members of objects and elements of arrays, all together. Four are what an OMS statement has for a file, so
 * that this is 262,144 files. 64 MiB have room for 30 million, which take half a minute and 1.7 GB.
 */
const MAX_VALUES = 1024 * 1024

/** Of one object: nothing costs more than many. */
const MAX_KEYS = 64 * 1024

/**
 * Parses JSON that an adversary may have written. Beyond the grammar it refuses what two readers
 * could read differently or what costs too much: duplicate keys (also equal ones), more than 64
 * levels of nesting, more than 64 MiB, 1,048,576 values or 65,536 keys of one object.
 *
 * @param name what the text is, for messages
 * @throws KeylessError JSON_TOO_LARGE, JSON_TOO_DEEP, JSON_DUPLICATE_KEY, JSON_INVALID
 */
export function parseJson(text: string, name: string): unknown {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw tooLarge(name, 'is larger than 64 MiB')
  }

  // Before JSON.parse: it would build millions of nested arrays before anyone could say no.
  scan(text, name)

  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw invalid(name, error)
  }
}

/** Parses bytes that must be JSON in UTF-8; see {@link parseJson}. */
export function parseJsonBytes(bytes: Uint8Array, name: string): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw invalid(name, error)
  }
  return parseJson(text, name)
}

/** A JSON object, as opposed to an array, null or a scalar. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// Looks at structure only; what is not JSON at all is left for JSON.parse to refuse.
function scan(text: string, name: string): void {
  const open: (Set<string> | undefined)[] = []
  let values = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '{' || char === '[' || char === ',') {
      if (++values > MAX_VALUES) {
        throw tooLarge(name, `has more than ${MAX_VALUES} values`)
      }
      if (char === ',') continue
      open.push(char === '{' ? new Set() : undefined)
      if (open.length > MAX_DEPTH) {
        throw new KeylessError(
          'JSON_TOO_DEEP',
          `${name} nests objects more than ${MAX_DEPTH} levels deep; give another file.`
        )
      }
    } else if (char === '}' || char === ']') {
      open.pop()
    } else if (char === '"') {
      const end = endOfString(text, i)
      if (isKey(text, end)) addKey(open.at(-1), text.slice(i, end), name)
      i = end - 1
    }
  }
}

// Index after the closing quote, or the end of the text.
function endOfString(text: string, start: number): number {
  for (let i = start + 1; ; i++) {
    const quote = text.indexOf('"', i)
    if (quote === -1) return text.length
    let escapes = quote
    while (escapes > i && text[escapes - 1] === '\\') escapes--
    if ((quote - escapes) % 2 === 0) return quote + 1
    i = quote
  }
}

// In JSON a string followed by a colon is a key, and nothing else is.
function isKey(text: string, end: number): boolean {
  while (' \t\r\n'.includes(text[end] ?? '-')) end++
  return text[end] === ':'
}

function addKey(keys: Set<string> | undefined, literal: string, name: string): void {
  let key = literal.slice(1, -1)
  try {
    // Decoded, as "\u0061" and "a" are one key.
    if (key.includes('\\')) key = String(JSON.parse(literal))
  } catch {
    return // nor is it JSON then
  }
  if (keys?.has(key)) {
    throw new KeylessError(
      'JSON_DUPLICATE_KEY',
      `${name} has the key ${quote(key)} twice in one object, so readers may disagree on what it says.`
    )
  }
  keys?.add(key)
  if (keys && keys.size > MAX_KEYS) {
    throw tooLarge(name, `has an object of more than ${MAX_KEYS} keys`)
  }
}

function tooLarge(name: string, what: string): KeylessError {
  return new KeylessError(
    'JSON_TOO_LARGE',
    `${name} ${what}, unlike any bundle or trusted root; give another file.`
  )
}

function invalid(name: string, cause: unknown): KeylessError {
  return new KeylessError(
    'JSON_INVALID',
    `${name} is not JSON; it may be cut short or corrupted.`,
    {
      cause
    }
  )
}
