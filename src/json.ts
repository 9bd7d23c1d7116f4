/** Why a text is not read as JSON, whether it is some or not. */
export type JsonFault =
  | { code: 'JSON_TOO_LARGE' | 'JSON_TOO_DEEP'; what: string }
  | { code: 'JSON_DUPLICATE_KEY'; key: string }

/** Bytes of one document. */
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
 * Finds in JSON that an adversary may have written what two readers could read differently or what costs too
 * much: duplicate keys (also equal ones), more than 64 levels of nesting, 64 MiB, 1,048,576 values or 65,536
 * keys of one object. For use before JSON.parse, which builds all of it before anyone can say no. Looks at
 * structure only: that a text has no fault does not make it JSON.
 */
export function findJsonFault(text: string): JsonFault | undefined {
  // Three is the most that one character takes: most texts need not be counted.
  if (3 * text.length > MAX_BYTES && Buffer.byteLength(text) > MAX_BYTES)
    return tooLarge('is larger than 64 MiB')
  const open: (Set<string> | undefined)[] = []
  let values = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '{' || char === '[' || char === ',') {
      if (++values > MAX_VALUES) return tooLarge(`has more than ${MAX_VALUES} values`)
      if (char === ',') continue
      open.push(char === '{' ? new Set() : undefined)
      if (open.length > MAX_DEPTH) {
        return { code: 'JSON_TOO_DEEP', what: `nests objects more than ${MAX_DEPTH} levels deep` }
      }
    } else if (char === '}' || char === ']') {
      open.pop()
    } else if (char === '"') {
      const end = endOfString(text, i)
      const fault = isKey(text, end) ? addKey(open.at(-1), text.slice(i, end)) : undefined
      if (fault) return fault
      i = end - 1
    }
  }
  return undefined
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

function addKey(keys: Set<string> | undefined, literal: string): JsonFault | undefined {
  if (!keys) return undefined // nor is it JSON then
  let key = literal.slice(1, -1)
  try {
    // Decoded, as "\u0061" and "a" are one key.
    if (key.includes('\\')) key = String(JSON.parse(literal))
  } catch {
    return undefined // nor then
  }
  if (keys.has(key)) return { code: 'JSON_DUPLICATE_KEY', key }
  keys.add(key)
  return keys.size > MAX_KEYS ? tooLarge(`has an object of more than ${MAX_KEYS} keys`) : undefined
}

function tooLarge(what: string): JsonFault {
  return { code: 'JSON_TOO_LARGE', what }
}

/** A JSON object, as opposed to an array, null or a scalar. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
