import { KeylessError } from '../errors.ts'
import { secureUrl } from '../http.ts'
import { isObject } from '../json.ts'
import type { Json } from './json.ts'

/** RFC 3339, as protobuf's JSON writes timestamps. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

export type Service = {
  url: string
  majorApiVersion: number
  /** Both ends belong to it. */
  validFor: { start: Date; end?: Date }
  operator: string
}

export type Selector = { selector: 'ANY' | 'ALL' } | { selector: 'EXACT'; count: number }

/** The services under a member of a signing config; none when it is left out. Error: SIGNING_CONFIG_INVALID. */
export function parseServices(config: Json, member: string): Service[] {
  const list = config[member] ?? []
  if (!Array.isArray(list)) throw invalid(`${member} is not a list`)
  return list.map((each: unknown, i) => service(each, `${member}[${i}]`))
}

function service(value: unknown, where: string): Service {
  if (!isObject(value)) throw invalid(`${where} is not an object`)
  const { url, majorApiVersion = 0, validFor, operator } = value
  if (typeof url !== 'string' || !URL.canParse(url)) throw invalid(`${where}.url is not a URL`)
  secureUrl(url, `${where} of the signing config`)
  if (!Number.isSafeInteger(majorApiVersion) || Number(majorApiVersion) < 0) {
    throw invalid(`${where}.majorApiVersion is not a whole number`)
  }
  if (typeof operator !== 'string' || operator === '') {
    throw invalid(`${where}.operator is missing, which says who runs the service`)
  }
  if (!isObject(validFor) || validFor.start === undefined) {
    throw invalid(`${where}.validFor.start is missing, which says since when it is used`)
  }
  const start = time(validFor.start, `${where}.validFor.start`)
  if (validFor.end === undefined || validFor.end === null) {
    return { url, majorApiVersion: Number(majorApiVersion), validFor: { start }, operator }
  }
  const end = time(validFor.end, `${where}.validFor.end`)
  if (end < start) throw invalid(`${where}.validFor ends before it starts`)
  return { url, majorApiVersion: Number(majorApiVersion), validFor: { start, end }, operator }
}

function time(value: unknown, where: string): Date {
  const date = new Date(typeof value === 'string' && TIMESTAMP.test(value) ? value : NaN)
  if (Number.isNaN(date.getTime())) throw invalid(`${where} is not a time as 2026-01-02T03:04:05Z`)
  return date
}

/** How many of the services to use. Error: SIGNING_CONFIG_INVALID. */
export function parseSelector(config: Json, member: string): Selector {
  const value = config[member]
  if (!isObject(value)) throw invalid(`${member} is missing, which says how many services to use`)
  if (value.selector === 'ANY' || value.selector === 'ALL') return { selector: value.selector }
  if (value.selector !== 'EXACT') throw invalid(`${member}.selector must be ANY, ALL or EXACT`)
  const count = Number(value.count)
  if (!Number.isSafeInteger(value.count) || count < 1) {
    throw invalid(`${member}.count must be a whole number above 0 where the selector is EXACT`)
  }
  return { selector: 'EXACT', count }
}

/** A signing config that cannot be used, and why. */
export function invalid(why: string): KeylessError {
  return new KeylessError(
    'SIGNING_CONFIG_INVALID',
    `The signing config cannot be used: ${why}. Check that the file is the one that your instance publishes.`
  )
}
