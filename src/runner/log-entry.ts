import type { LogEntry } from '../trust/log.ts'
import { code, link, type Markup } from './summary.ts'

/** Entries that Rekor v2 gives out together. */
const BUNDLE = 256n

/**
 * Where a person can look at a log entry; nothing where its index is not known for certain. Rekor v2 has
 * no address for one entry but for each 256 of them, once it has them all.
 */
export function entryUrl({ url, index, version }: LogEntry): string | undefined {
  if (index === undefined) return undefined
  if (version === 'v2') {
    return `${url.replace(/\/$/, '')}/api/v2/tile/entries/${tilePath(BigInt(index) / BUNDLE)}`
  }
  const { origin } = new URL(url)
  return origin === 'https://rekor.sigstore.dev'
    ? `https://search.sigstore.dev/?logIndex=${index}`
    : `${origin}/api/v1/log/entries?logIndex=${index}`
}

/** A tile's number in its address: groups of three digits, all but the last with an x (C2SP tlog-tiles). */
function tilePath(index: bigint): string {
  const digits = String(index)
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? []
  return groups.map((group, i) => (i === groups.length - 1 ? group : `x${group}`)).join('/')
}

/** A log entry in a table: its index with a link, or its log. */
export function entryCell(entry: LogEntry): Markup {
  const url = entryUrl(entry)
  return url === undefined ? code(entry.url) : link(entry.index ?? '', url)
}
