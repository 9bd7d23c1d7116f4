import { createHash } from 'node:crypto'
import { constants, type BigIntStats } from 'node:fs'
import { lstat, open, type FileHandle } from 'node:fs/promises'
import { KeylessError } from '../errors.ts'

export type Algorithm = 'sha256' | 'sha384' | 'sha512'

/** Large enough that a read costs little, small enough that two of them are nothing. */
const CHUNK_BYTES = 1024 * 1024

/** What a DSSE signature is made over (DSSE v1, "PAE"): see {@link digestForSigning}. */
const PAE_PREFIX = Buffer.from('DSSEv1 ')

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: this line comes first. */
const LFS_PREFIX = Buffer.from('version https://git-lfs.github.com/spec/v1\n')

/**
 * The digest of a regular file of any size, in lower-case hex, in constant memory.
 *
 * @throws KeylessError FILE_UNREADABLE, FILE_NOT_REGULAR, or FILE_CHANGED when the file was
 * written to or replaced meanwhile: the digest would be of bytes that never lay there together.
 */
export async function digestFile(path: string, algorithm: Algorithm = 'sha256'): Promise<string> {
  return (await read(path, algorithm)).digest
}

/**
 * The SHA-256 of a file whose signature will be a message signature.
 *
 * A file that is itself the encoding that DSSE signs is refused: its signature would at the same
 * time be one of an attestation that whoever wrote the file chose. So is a Git LFS pointer: the
 * signature would look like one of the weights.
 *
 * @throws KeylessError as {@link digestFile}; FILE_IS_DSSE, FILE_IS_LFS_POINTER.
 */
export async function digestForSigning(path: string): Promise<string> {
  const { digest, head } = await read(path, 'sha256')
  if (head.subarray(0, PAE_PREFIX.length).equals(PAE_PREFIX)) {
    throw new KeylessError(
      'FILE_IS_DSSE',
      `${path} begins with "DSSEv1 ", so its signature could be passed off as an attestation of its author's choice; it cannot be signed as a file.`
    )
  }
  if (head.subarray(0, LFS_PREFIX.length).equals(LFS_PREFIX)) {
    throw new KeylessError(
      'FILE_IS_LFS_POINTER',
      `${path} is a Git LFS pointer, not the file itself; run "git lfs pull", or set "lfs: true" on actions/checkout.`
    )
  }
  return digest
}

async function read(path: string, algorithm: Algorithm): Promise<{ digest: string; head: Buffer }> {
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
    const { digest, head, bytes } = await drain(file, algorithm).catch((cause: unknown) => {
      throw unreadable(path, cause)
    })
    const after = await file.stat({ bigint: true })
    const there = await lstat(path, { bigint: true }).catch(() => undefined)
    if (bytes !== before.size || !same(before, after) || !there || !same(before, there)) {
      throw new KeylessError(
        'FILE_CHANGED',
        `${path} changed while it was being hashed; run this step after the one that writes the file has ended.`
      )
    }
    return { digest, head }
  } finally {
    await file.close()
  }
}

/** Hash to the end, reading the next chunk while this one is hashed. */
async function drain(
  file: FileHandle,
  algorithm: Algorithm
): Promise<{ digest: string; head: Buffer; bytes: bigint }> {
  const hash = createHash(algorithm)
  let [current, next] = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)]
  let head: Buffer | undefined
  let bytes = 0n
  let { bytesRead } = await file.read(current, 0, CHUNK_BYTES)
  while (bytesRead > 0) {
    const reading = file.read(next, 0, CHUNK_BYTES)
    const chunk = current.subarray(0, bytesRead)
    head ??= Buffer.from(chunk.subarray(0, LFS_PREFIX.length))
    hash.update(chunk)
    bytes += BigInt(bytesRead)
    ;({ bytesRead } = await reading)
    ;[current, next] = [next, current]
  }
  return { digest: hash.digest('hex'), head: head ?? Buffer.alloc(0), bytes }
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
