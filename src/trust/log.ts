import type { TransparencyLogEntry } from '@sigstore/bundle'
import type { TrustMaterial } from '@sigstore/verify'
import { KeylessError } from '../errors.ts'
import type { LogVersion } from './log-body.ts'

export type LogEntry = {
  /** Hexadecimal. */
  logId: string
  /** As the trusted root has it. */
  url: string
  /** Only where the log's signature covers it. */
  index?: string
  version: LogVersion
}

type Log = TrustMaterial['tlogs'][number]

/**
 * The logs of this id in the trusted root, one for each period of a key.
 * @throws KeylessError LOG_UNKNOWN when there is none
 */
export function knownLogs(entry: TransparencyLogEntry, logs: Log[]): [Log, ...Log[]] {
  const [first, ...others] = logs.filter(log => log.logID.equals(entry.logId.keyId))
  if (first) return [first, ...others]
  throw new KeylessError(
    'LOG_UNKNOWN',
    `The log entry in the bundle is from a log that the trusted root does not list (${entry.logId.keyId.toString('hex').slice(0, 64)}).`
  )
}

/**
 * Makes sure that the log which vouches for an entry was entitled to at the time.
 * @sigstore/verify checks a log key's validity only for signed entry timestamps, and lets a
 * checkpoint's name be any part of the log's URL.
 *
 * @param times all verified times of the signature
 * @throws KeylessError LOG_UNKNOWN, LOG_KEY_NOT_VALID_THEN, LOG_ORIGIN
 */
export function findLog(entry: TransparencyLogEntry, logs: Log[], times: Date[]): Log {
  const known = knownLogs(entry, logs)
  // A key in a later life of the log, or before its first, says nothing. Both ends are inclusive
  // (sigstore_common.proto).
  const valid = known.filter(({ validFor }) =>
    times.every(time => validFor.start <= time && time <= validFor.end)
  )
  if (valid.length === 0) {
    throw new KeylessError(
      'LOG_KEY_NOT_VALID_THEN',
      `The key of the log ${known[0].baseURL} was not valid when the signature was made (${times.map(time => time.toISOString()).join(', ')}).`
    )
  }
  const log = valid.find(each => isOrigin(entry, each))
  if (!log) {
    throw new KeylessError(
      'LOG_ORIGIN',
      `The checkpoint in the bundle is that of another log than ${known[0].baseURL}.`
    )
  }
  return log
}

/** What may be said about an entry after everything about it was verified. */
export function describeEntry(
  entry: TransparencyLogEntry,
  log: Log,
  version: LogVersion
): LogEntry {
  // Rekor v1 signs the index with the entry timestamp (which @sigstore/verify recomputes from a
  // double); in v2 it is that of the inclusion proof. Elsewhere it is only what the bundle says.
  const authentic =
    version === 'v1'
      ? entry.inclusionPromise !== undefined && Number.isSafeInteger(Number(entry.logIndex))
      : entry.logIndex === entry.inclusionProof?.logIndex
  return {
    logId: log.logID.toString('hex'),
    url: log.baseURL,
    version,
    ...(authentic && { index: entry.logIndex })
  }
}

// https://github.com/transparency-dev/formats/tree/main/log: the first line of a checkpoint is its
// origin. Rekor v2 writes the log's host, and path if it has one; v1 the host that it was told, which
// need not have the port, then ` - ` and its tree's id.
function isOrigin(entry: TransparencyLogEntry, log: Log): boolean {
  const checkpoint = entry.inclusionProof?.checkpoint
  if (!checkpoint) return true
  const [origin = ''] = checkpoint.envelope.split('\n', 1)
  const [, name = ''] = /^(.*?)(?: - \d+)?$/.exec(origin) ?? []
  const { host, hostname, pathname } = new URL(log.baseURL)
  return [host, hostname].some(each => name === each + pathname.replace(/\/$/, ''))
}
