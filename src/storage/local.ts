import { randomUUID } from 'node:crypto'
import { access, constants, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { KeylessError } from '../errors.ts'

/**
 * Write a file that is there whole or not at all: a temporary file beside it, flushed, renamed.
 * Folders that are missing are made.
 *
 * @throws KeylessError WRITE_FAILED
 */
export async function writeAtomic(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true })
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
 * Refuse a destination that cannot be written, before anything was signed for it.
 *
 * @throws KeylessError WRITE_FAILED
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK)
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

function unwritable(path: string, cause: unknown): KeylessError {
  const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
  return new KeylessError(
    'WRITE_FAILED',
    `${path} could not be written (${reason}); make its folder writable for this job's user.`,
    { cause }
  )
}
