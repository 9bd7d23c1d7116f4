import { createHash } from 'node:crypto'
import { constants, type BigIntStats } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'
import { KeylessError } from '../errors.ts'

export type Algorithm = 'sha256' | 'sha384' | 'sha512'

/** Large enough that a read costs little, small enough that two of them are nothing. */
const CHUNK_BYTES = 1024 * 1024

/** What a DSSE signature is made over (DSSE v1, "PAE"): see {@link refuseDsse}. */
const PAE_PREFIX = Buffer.from('DSSEv1 ')

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: this line comes first. */
const LFS_PREFIX = Buffer.from('version https://git-lfs.github.com/spec/v1\n')

/** A file as it was when it was hashed. */
export type Hashed = {
  /** Lower-case hex. */
  digest: string
  /** Its first bytes. */
  head: Buffer
  /** All of it, where that is small. */
  content?: Buffer
  status: BigIntStats
}

/**
 * Hash a regular file of any size in constant memory.
 *
 * @throws KeylessError FILE_UNREADABLE, FILE_NOT_REGULAR, or FILE_CHANGED when the file was
 * written to or replaced meanwhile: the digest would be of bytes that never lay there together.
 */
export async function hashFile(path: string, algorithm: Algorithm = 'sha256'): Promise<Hashed> {
  // O_NOFOLLOW: the caller resolved symbolic links; one that appears since is an attack.
  // O_NONBLOCK: opening a named pipe must not wait for its other end.
  const file = await open(
    path,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  ).catch((cause: unknown) => {
    throw unreadable(path, cause)
  })
  try {
    const before = await file.stat({ bigint: true })
    if (!before.isFile()) {
      throw new KeylessError(
        'FILE_NOT_REGULAR',
        `${path} is not a regular file; name files, or a pattern such as "dir/**" for those below a folder.`
      )
    }
    const { bytes, ...hashed } = await drain(file, algorithm, before.size).catch(
      (cause: unknown) => {
        throw unreadable(path, cause)
      }
    )
    if (bytes !== before.size || !same(before, await file.stat({ bigint: true }))) {
      throw changed(path)
    }
    await checkUnchanged(path, { status: before })
    return { ...hashed, status: before }
  } finally {
    await file.close()
  }
}

/**
 * Hash a file that is about to be signed, with SHA-256. A Git LFS pointer is refused, too: the
 * signature would look like one of the weights. The content is not kept, as all files of a run are
 * hashed before one is signed.
 *
 * @throws KeylessError as {@link hashFile}; FILE_IS_DSSE, FILE_IS_LFS_POINTER
 */
export async function hashForSigning(path: string): Promise<Omit<Hashed, 'content'>> {
  const { digest, head, status } = await hashFile(path)
  const hashed = { digest, head, status }
  refuseDsse(path, hashed)
  if (hashed.head.subarray(0, LFS_PREFIX.length).equals(LFS_PREFIX)) {
    throw new KeylessError(
      'FILE_IS_LFS_POINTER',
      `${path} is a Git LFS pointer, not the file itself; run "git lfs pull", or set "lfs: true" on actions/checkout.`
    )
  }
  return hashed
}

/**
 * Make sure that a file is still the one that was hashed: asking the services may have taken long.
 *
 * @throws KeylessError FILE_CHANGED
 */
export async function checkUnchanged(
  path: string,
  { status }: Pick<Hashed, 'status'>
): Promise<void> {
  const there = await lstat(path, { bigint: true }).catch(() => undefined)
  if (!there || !same(status, there)) throw changed(path)
}

/**
 * Refuse a file that is itself the encoding that DSSE signs: a message signature of it is one of an
 * attestation as well, so that an attestation would pass for a file, and a file for an attestation.
 *
 * @throws KeylessError FILE_IS_DSSE
 */
export function refuseDsse(path: string, { head }: Hashed): void {
  if (!head.subarray(0, PAE_PREFIX.length).equals(PAE_PREFIX)) return
  throw new KeylessError(
    'FILE_IS_DSSE',
    `${path} begins with "DSSEv1 ", so that a signature of it is one of an attestation as well; it can neither be signed nor verified as a file.`
  )
}

function changed(path: string): KeylessError {
  return new KeylessError(
    'FILE_CHANGED',
    `${path} changed while it was being hashed or signed; run this step after the one that writes the file has ended.`
  )
}

/** Hash to the end, reading the next chunk while this one is hashed. */
async function drain(
  file: FileHandle,
  algorithm: Algorithm,
  expected: bigint
): Promise<Omit<Hashed, 'status'> & { bytes: bigint }> {
  const hash = createHash(algorithm)
  // Most of many files are small, and fresh megabytes cost more than to hash them. One byte more
  // than there should be shows a file that grew.
  const size = expected < CHUNK_BYTES ? Number(expected) + 1 : CHUNK_BYTES
  let [current, next] = [Buffer.allocUnsafe(size), Buffer.allocUnsafe(size)]
  let [first, head] = [Buffer.alloc(0), Buffer.alloc(0)]
  let bytes = 0n
  let { bytesRead } = await file.read(current, 0, size)
  while (bytesRead > 0) {
    const reading = file.read(next, 0, size)
    const chunk = current.subarray(0, bytesRead)
    if (bytes === 0n) {
      first = chunk
      // A copy: the chunk is written over, or kept for long.
      head = Buffer.from(chunk.subarray(0, LFS_PREFIX.length))
    }
    hash.update(chunk)
    bytes += BigInt(bytesRead)
    ;({ bytesRead } = await reading)
    ;[current, next] = [next, current]
  }
  return {
    digest: hash.digest('hex'),
    head,
    bytes,
    // Else later chunks were read over it.
    ...(bytes === BigInt(first.length) && { content: first })
  }
}

function same(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.dev === b.dev &&
    a.ino === b.ino &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  )
}

function unreadable(path: string, cause: unknown): KeylessError {
  const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
  return new KeylessError(
    'FILE_UNREADABLE',
    `${path} could not be read (${reason}); check that it exists and that this job's user may read it.`,
    { cause }
  )
}
