import { KeylessError } from '../errors.ts'
import { hashEach, hashFiles, sizeOf, type HashOptions } from './digests/files.ts'
import { checkUnchanged, hashInto, type Hashed } from './digests/hash.ts'
import { isSimpleSigning } from './simple-signing.ts'

/** What a DSSE signature is made over (DSSE v1, "PAE"): see {@link refuseDsse}. */
const PAE_PREFIX = 'DSSEv1 '

/** How JSON may begin that is an object; white space alone may fill what we know of a beginning. */
const JSON_OBJECT = /^[ \t\r\n]*(?:\{|$)/

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: this line comes first. */
const LFS_PREFIX = 'version https://git-lfs.github.com/spec/v1\n'

/** Bytes. */
const SMALL = 1024 * 1024

/** What cosign reads of a payload at most (COSIGN_MAX_ATTACHMENT_SIZE). Bytes. */
const LONGEST_PAYLOAD = 128 * 1024 * 1024

/**
 * Hash files that are about to be signed, with SHA-256: all of them, or none.
 *
 * @throws KeylessError as {@link hashFiles}; FILE_IS_DSSE, FILE_IS_SIMPLE_SIGNING,
 * FILE_IS_LFS_POINTER
 */
export async function hashForSigning<T extends { real: string }>(
  subjects: readonly T[],
  options: HashOptions
): Promise<(T & { hashed: Hashed })[]> {
  const files = subjects.map(subject => ({ subject, path: subject.real }))
  return (await hashFiles(files, options)).map(({ subject, path, hashed }) => {
    refuseDsse(path, hashed)
    refuseSimpleSigning(path, hashed)
    refusePointer(path, hashed)
    return { ...subject, hashed }
  })
}

/**
 * Hash files that are about to be verified, with SHA-256, each for itself. Those of more than 1 MiB
 * are hashed now, as fast as that goes. Any other is hashed when it is asked for, which takes no
 * time, and what is in it can be kept for as long as one file is looked at.
 *
 * @returns the subjects, each with what gives its digest or throws as `hashInto`
 */
export async function hashForVerifying<T extends { real: string }>(
  subjects: readonly T[],
  options: HashOptions
): Promise<(T & { hash: () => Hashed & { content?: Buffer } })[]> {
  const files = subjects.map(({ real }) => ({ path: real }))
  const large = files.filter(file => sizeOf(file) > SMALL)
  const hashes = await hashEach(large, options)
  const known = new Map(hashes.map(({ path, hashed }) => [path, hashed]))
  return subjects.map(subject => ({
    ...subject,
    hash() {
      const hashed = known.get(subject.real) ?? hashSmall(subject.real, SMALL)
      if (hashed instanceof KeylessError) throw hashed
      return hashed
    }
  }))
}

/** With what is in it, where that is at most `most` bytes. */
function hashSmall(path: string, most: number): Hashed & { content?: Buffer } {
  const size = Math.min(sizeOf({ path }), most)
  const buffer = Buffer.allocUnsafe(size + 1)
  let bytes = 0
  const hashed = hashInto(buffer, { path }, read => (bytes += read))
  // One that grew meanwhile was read over its own beginning.
  return bytes > size ? hashed : { ...hashed, content: buffer.subarray(0, bytes) }
}

/**
 * Refuse a file that is itself the encoding that DSSE signs: a message signature of it is one of an
 * attestation as well, so that an attestation would pass for a file, and a file for an attestation.
 *
 * @throws KeylessError FILE_IS_DSSE
 */
export function refuseDsse(path: string, { head }: Pick<Hashed, 'head'>): void {
  if (!head.startsWith(PAE_PREFIX)) return
  throw new KeylessError(
    'FILE_IS_DSSE',
    `${path} begins with "DSSEv1 ", so that a signature of it is one of an attestation as well; it can neither be signed nor verified as a file.`
  )
}

/**
 * Refuse a file that is itself what cosign's older form of image signatures is made over: a message
 * signature of it is one of that image as well, so that who chooses a file would have an image signed.
 *
 * @throws KeylessError FILE_IS_SIMPLE_SIGNING, FILE_CHANGED, FILE_UNREADABLE
 */
export function refuseSimpleSigning(
  path: string,
  hashed: Pick<Hashed, 'head' | 'stamp'> & { content?: Buffer }
): void {
  if (!JSON_OBJECT.test(hashed.head)) return
  const content = hashed.content ?? readPayload(path, hashed)
  if (content === undefined || !isSimpleSigning(content.toString('utf8'))) return
  throw new KeylessError(
    'FILE_IS_SIMPLE_SIGNING',
    `${path} has critical.image.docker-manifest-digest, so that a signature of it is one of that image as well; it can neither be signed nor verified as a file: name the image in the input "images".`
  )
}

/** The bytes that were hashed; none of a file that is too large for a payload. */
function readPayload(path: string, hashed: Pick<Hashed, 'stamp'>): Buffer | undefined {
  if (sizeOf({ path }) > LONGEST_PAYLOAD) return undefined
  const { content } = hashSmall(path, LONGEST_PAYLOAD)
  checkUnchanged(path, hashed)
  return content
}

/**
 * Refuse a Git LFS pointer: a signature of it would look like one of the weights.
 *
 * @throws KeylessError FILE_IS_LFS_POINTER
 */
export function refusePointer(path: string, { head }: Pick<Hashed, 'head'>): void {
  if (!head.startsWith(LFS_PREFIX)) return
  throw new KeylessError(
    'FILE_IS_LFS_POINTER',
    `${path} is a Git LFS pointer, not the file itself; run "git lfs pull", or set "lfs: true" on actions/checkout.`
  )
}
