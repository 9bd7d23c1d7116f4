import { access, constants, lstat, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { KeylessError } from '../errors.ts'

/** Where the bundle of a file lies, by the convention of cosign and sigstore-python. */
export function bundlePath(file: string): string {
  return `${file}.sigstore.json`
}

/** Where the signature of a model lies, by the convention of model_signing; of a single file, beside it. */
export function signaturePath(model: string, single: boolean): string {
  return single ? `${model}.sig` : join(model, 'model.sig')
}

/**
 * Write a file that is there whole or not at all: a temporary file beside it, flushed, renamed.
 * Folders that are missing are made. What a run leaves that is killed meanwhile has the name of a bundle, so that no
 * glob takes it for a file to sign, and is replaced by the next run.
 *
 * @throws KeylessError WRITE_FAILED
 */
export async function writeAtomic(path: string, text: string): Promise<void> {
  const temporary = partialPath(path)
  try {
    await mkdir(dirname(path), { recursive: true })
    await rm(temporary, { force: true })
    const file = await open(temporary, 'wx', 0o644)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw unwritable(path, cause)
  }
}

/**
 * Take away what a run that was killed while it wrote a file left beside it.
 *
 * @throws KeylessError WRITE_FAILED
 */
export async function clearPartial(path: string): Promise<void> {
  await rm(partialPath(path), { force: true }).catch((cause: unknown) => {
    throw unwritable(path, cause)
  })
}

function partialPath(path: string): string {
  return bundlePath(`${path}.partial`)
}

/**
 * Refuse a destination that cannot be written, before anything was signed for it. A folder that is missing
 * can be made where the nearest one above it can be written to.
 *
 * @throws KeylessError WRITE_FAILED
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    // With the slash a file in a folder's place is none (ENOTDIR).
    await access(`${await nearest(dirname(path))}/`, constants.W_OK)
  } catch (cause) {
    throw unwritable(path, cause)
  }
  const there = await stat(path).catch(() => undefined)
  if (there && !there.isFile()) {
    throw new KeylessError(
      'WRITE_FAILED',
      `${path} is in the way and is not a file; remove it, so that the bundle can be written there.`
    )
  }
}

/**
 * The text of a file that an input names.
 *
 * @throws KeylessError INPUT_INVALID
 */
export async function readText(input: string, path: string): Promise<string> {
  try {
    return await readRegular(path)
  } catch (cause) {
    throw new KeylessError(
      'INPUT_INVALID',
      `${input}: ${path} could not be read (${reasonOf(cause)}); give the path of a file in the workspace.`,
      { cause }
    )
  }
}

/**
 * The text of a bundle file, or nothing where there is none.
 *
 * @throws KeylessError BUNDLE_UNREADABLE where there may be one: that is not the same as none
 */
export async function readBundle(path: string): Promise<string | undefined> {
  try {
    return await readRegular(path)
  } catch (cause) {
    if (reasonOf(cause) === 'ENOENT') return undefined
    throw new KeylessError(
      'BUNDLE_UNREADABLE',
      `${path} could not be read (${reasonOf(cause)}), so whether it holds a signature is not known; make it a file that this job's user may read.`,
      { cause }
    )
  }
}

/** Parsing refuses a larger bundle anyway (verification.md, row 2). */
const LARGEST = 64 * 1024 * 1024

/** What is put in a bundle's place may be a device without end, or a pipe that nobody writes to. */
async function readRegular(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const status = await file.stat()
    if (!status.isFile()) throw new Error('not a regular file')
    // Nor is there anything in one of /proc, which tells no size and may have no end.
    if (status.size === 0) return ''
    if (status.size > LARGEST) throw new Error(`more than ${LARGEST} bytes`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

async function nearest(folder: string): Promise<string> {
  const there = await lstat(folder).catch(() => undefined)
  return there === undefined && folder !== dirname(folder) ? nearest(dirname(folder)) : folder
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException
  return code ?? message
}

function unwritable(path: string, cause: unknown): KeylessError {
  return new KeylessError(
    'WRITE_FAILED',
    `${path} could not be written (${reasonOf(cause)}); make its folder writable for this job's user.`,
    { cause }
  )
}
