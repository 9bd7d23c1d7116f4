import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type BigIntStats
} from 'node:fs'
import { KeylessError } from '../../errors.ts'

/** As Node names them; `blake2b512` is what OMS calls `blake2b`. */
export type Algorithm = 'sha256' | 'sha384' | 'sha512' | 'blake2b512'

export type FileToHash = {
  path: string
  /** Bytes, where they are known: a guess, by which work is shared out. */
  size?: number
  /** SHA-256 when left out. */
  algorithm?: Algorithm
  /** Bytes to hash in place of all, `end` exclusive: a shard of OMS. */
  range?: { start: number; end: number }
}

/** A file as it was when it was hashed. */
export type Hashed = {
  /** Lower-case hex. */
  digest: string
  /** The first bytes that were hashed, {@link HEAD_BYTES} at most, one character each. */
  head: string
  /** Changes with the file: see {@link checkUnchanged}. */
  stamp: string
}

export const HEAD_BYTES = 64

/**
 * Hash a regular file of any size in constant memory, on this thread: at the speed of OpenSSL's own
 * `dgst`, which reads and hashes in turns too. To read ahead meanwhile costs more than it gains where
 * the file is in the page cache, and where it is not, the kernel reads ahead.
 *
 * @param buffer what is read into
 * @param advance told of the bytes as they are hashed
 * @throws KeylessError FILE_UNREADABLE, FILE_NOT_REGULAR, or FILE_CHANGED when the file was
 * written to or replaced meanwhile: the digest would be of bytes that never lay there together.
 */
export function hashInto(
  buffer: Buffer,
  { path, algorithm = 'sha256', range }: FileToHash,
  advance?: (bytes: number) => void
): Hashed {
  const file = attempt(path, () =>
    // O_NOFOLLOW: the caller resolved symbolic links; one that appears since is an attack.
    // O_NONBLOCK: opening a named pipe must not wait for its other end.
    openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  )
  try {
    const before = fstatSync(file, { bigint: true })
    if (!before.isFile()) {
      throw new KeylessError(
        'FILE_NOT_REGULAR',
        `${path} is not a regular file; name files, or a pattern such as "dir/**" for those below a folder.`
      )
    }
    // Without a range it is read until it ends, which shows a file that grew.
    const { start, end } = range ?? { start: 0, end: Infinity }
    const hash = createHash(algorithm)
    let head = ''
    let at = start
    for (;;) {
      const length = Math.min(buffer.length, end - at)
      const read = attempt(path, () => readSync(file, buffer, 0, length, at))
      if (read === 0) break
      if (at === start) head = buffer.toString('latin1', 0, Math.min(read, HEAD_BYTES))
      hash.update(read === buffer.length ? buffer : buffer.subarray(0, read))
      at += read
      advance?.(read)
    }
    const stamp = stampOf(before)
    const expected = range ? end : Number(before.size)
    if (at !== expected) throw changed(path)
    // Shows also what was written to the file itself, as the times are of the one that is there.
    checkUnchanged(path, { stamp })
    return { digest: hash.digest('hex'), head, stamp }
  } finally {
    closeSync(file)
  }
}

/**
 * Make sure that a file is still the one that was hashed: asking the services may have taken long.
 *
 * @throws KeylessError FILE_CHANGED, FILE_UNREADABLE
 */
export function checkUnchanged(path: string, { stamp }: Pick<Hashed, 'stamp'>): void {
  const there = attempt(path, () => lstatSync(path, { bigint: true, throwIfNoEntry: false }))
  if (!there || stampOf(there) !== stamp) throw changed(path)
}

function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
}

function changed(path: string): KeylessError {
  return new KeylessError(
    'FILE_CHANGED',
    `${path} changed while it was being hashed or signed; run this step after the one that writes the file has ended.`
  )
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new KeylessError(
      'FILE_UNREADABLE',
      `${path} could not be read (${reason}); check that it exists and that this job's user may read it.`,
      { cause }
    )
  }
}
