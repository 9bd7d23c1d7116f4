import type { LogEntry } from '../trust/log.ts'
import { code, link, type Markup } from './summary.ts'

/**
 * Where a person can look at a log entry; nothing where its index is not known for certain, or
 * where the log (v2, tiles) has no address for one entry.
 */
export function entryUrl({ url, index, version }: LogEntry): string | undefined {
  if (index === undefined || version !== 'v1') return undefined
  const { origin } = new URL(url)
  return origin === 'https://rekor.sigstore.dev'
    ? `https://search.sigstore.dev/?logIndex=${index}`
    : `${origin}/api/v1/log/entries?logIndex=${index}`
}

/** A log entry in a table: its index with a link, or its log. */
export function entryCell(entry: LogEntry): Markup {
  const url = entryUrl(entry)
  return url === undefined ? code(entry.url) : link(entry.index ?? '', url)
}
