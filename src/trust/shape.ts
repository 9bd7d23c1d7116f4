import { KeylessError } from '../errors.ts'
import { isObject } from '../json.ts'
import { quote } from './quote.ts'

const MAX_SHORT = 64 * 1024

/**
 * Refuses a value that is not what the protobuf message has at this place.
 * @param at where in which document, for messages
 * @throws KeylessError FIELD_INVALID, UNKNOWN_FIELD
 */
export type Shape = (value: unknown, at: string) => void

export const text: Shape = (value, at) => {
  if (typeof value !== 'string') throw invalid(at, 'a string')
}

/**
 * A certificate, timestamp, checkpoint or the like has a few KiB. Some of what reads them costs more
 * than linear time.
 */
export function short(shape: Shape): Shape {
  return (value, at) => {
    if (typeof value === 'string' && value.length > MAX_SHORT) {
      throw invalid(at, 'of a length that such a thing has')
    }
    shape(value, at)
  }
}

export const url: Shape = (value, at) => {
  if (typeof value !== 'string' || !URL.canParse(value)) throw invalid(at, 'a URL')
}

/**
 * Standard base64 with padding, in its one canonical form. Line breaks are let pass, as Go's decoder
 * does: wrapped output of `base64` gets into bundles that were put together by hand.
 */
export const bytes: Shape = (value, at) => {
  const bare = typeof value === 'string' ? withoutBreaks(value) : undefined
  if (bare === undefined || !isBase64(bare)) throw invalid(at, 'standard base64')
}

// RFC 4648 §3.5 and §4. Not by decoding and encoding it again, which takes two more copies of what may be 64 MiB.
function isBase64(text: string): boolean {
  return (
    text.length % 4 === 0 &&
    !/[^A-Za-z0-9+/]/.test(text.slice(0, -4)) &&
    /^([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|[A-Za-z0-9+/][AQgw]==)?$/.test(
      text.slice(-4)
    )
  )
}

// Not by replacing: a break after every letter of 64 MiB is 30 million matches, which take a GB.
function withoutBreaks(text: string): string {
  if (!/[\r\n]/.test(text)) return text
  const encoded = Buffer.from(text)
  let length = 0
  for (const byte of encoded) if (byte !== 0x0a && byte !== 0x0d) encoded[length++] = byte
  return encoded.toString('latin1', 0, length)
}

/**
 * A whole number from 0. Protobuf JSON writes int64 as a string and takes numbers too; none of the
 * fields of a bundle may be negative.
 */
export const count: Shape = (value, at) => {
  const ok =
    typeof value === 'number'
      ? Number.isSafeInteger(value) && value >= 0
      : typeof value === 'string' && /^(0|[1-9]\d{0,18})$/.test(value)
  if (!ok) throw invalid(at, 'a whole number from 0')
}

/** A whole number from 1, as a number: floats (`4.0`) are what Python's protobuf writes for some. */
export const positive: Shape = (value, at) => {
  if (!Number.isSafeInteger(value) || Number(value) < 1) throw invalid(at, 'a whole number from 1')
}

/** A point in time as RFC 3339. */
export const time: Shape = (value, at) => {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/
  if (typeof value !== 'string' || !form.test(value) || Number.isNaN(Date.parse(value))) {
    throw invalid(at, 'a time as RFC 3339')
  }
}

export const flag: Shape = (value, at) => {
  if (typeof value !== 'boolean') throw invalid(at, 'true or false')
}

/** A digest in lower-case hexadecimal. */
export function hex(length: number): Shape {
  return (value, at) => {
    if (typeof value !== 'string' || value.length !== length || !/^[0-9a-f]*$/.test(value)) {
      throw invalid(at, `a digest of ${length} lower-case hexadecimal digits`)
    }
  }
}

export function oneOf(names: readonly string[]): Shape {
  return (value, at) => {
    if (!names.some(name => name === value)) {
      throw invalid(at, `one of ${names.join(', ')}`)
    }
  }
}

export function list(item: Shape): Shape {
  return (value, at) => {
    if (!Array.isArray(value)) throw invalid(at, 'a list')
    value.forEach((each, i) => {
      item(each, `${at}[${i}]`)
    })
  }
}

/** A field that some peer writes as null when it has none (protobuf JSON reads null as absent). */
export function nullable(shape: Shape): Shape {
  return (value, at) => {
    if (value !== null) shape(value, at)
  }
}

/** An object with all of `required`, perhaps some of `optional`, and nothing else. */
export function message(
  required: Readonly<Record<string, Shape>>,
  optional: Readonly<Record<string, Shape>> = {}
): Shape {
  const known = new Set([...Object.keys(required), ...Object.keys(optional)])
  const shape = open(required, optional)
  return (value, at) => {
    // First: a field that is missing may be there in another spelling.
    const key = isObject(value) ? Object.keys(value).find(each => !known.has(each)) : undefined
    if (key !== undefined) {
      throw new KeylessError(
        'UNKNOWN_FIELD',
        `${at} has the field ${quote(key)}, which the format does not know.`
      )
    }
    shape(value, at)
  }
}

/** An object that the format lets have any other fields as well. */
export function open(
  required: Readonly<Record<string, Shape>>,
  optional: Readonly<Record<string, Shape>> = {}
): Shape {
  const shapes = [...Object.entries(required), ...Object.entries(optional)]
  return (value, at) => {
    if (!isObject(value)) throw invalid(at, 'an object')
    for (const [key, shape] of shapes) {
      if (Object.hasOwn(value, key)) shape(value[key], `${at}.${key}`)
      else if (Object.hasOwn(required, key)) throw invalid(`${at}.${key}`, 'present')
    }
  }
}

function invalid(at: string, what: string): KeylessError {
  return new KeylessError('FIELD_INVALID', `${at} is not ${what}.`)
}
