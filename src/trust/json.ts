import { KeylessError } from '../errors.ts'
import { findJsonFault } from '../json.ts'
import { quote } from './quote.ts'

/**
 * Parses JSON that an adversary may have written, and refuses what {@link findJsonFault} finds in it.
 *
 * @param name what the text is, for messages
 * @throws KeylessError JSON_TOO_LARGE, JSON_TOO_DEEP, JSON_DUPLICATE_KEY, JSON_INVALID
 */
export function parseJson(text: string, name: string): unknown {
  const fault = findJsonFault(text)
  if (fault) {
    throw new KeylessError(
      fault.code,
      'key' in fault
        ? `${name} has the key ${quote(fault.key)} twice in one object, so readers may disagree on what it says.`
        : `${name} ${fault.what}, unlike any bundle or trusted root; give another file.`
    )
  }
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

function invalid(name: string, cause: unknown): KeylessError {
  return new KeylessError(
    'JSON_INVALID',
    `${name} is not JSON; it may be cut short or corrupted.`,
    {
      cause
    }
  )
}
