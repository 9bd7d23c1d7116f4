import { KeylessError } from '../errors.ts'
import type { HttpResponse } from '../http.ts'
import { isObject } from '../json.ts'

export type Json = Record<string, unknown>

/** The JSON object that a service answered with. Error: SERVICE_ANSWER_INVALID. */
export function readObject(response: HttpResponse, service: string): Json {
  try {
    const value: unknown = JSON.parse(response.body.toString('utf8'))
    if (isObject(value)) return value
  } catch {
    // said below: a parser's message repeats what it could not read
  }
  throw unreadable(service, 'it is not a JSON object')
}

/** An answer that is there but not what the protocol says. */
export function unreadable(service: string, why: string): KeylessError {
  return new KeylessError(
    'SERVICE_ANSWER_INVALID',
    `The answer of ${service} cannot be used: ${why}. Is its URL right, and a proxy not answering for it?`
  )
}
