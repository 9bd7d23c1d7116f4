import type { Code } from '../../errors.ts'
import { KeylessError } from '../../errors.ts'
import { hashInto, type FileToHash, type Hashed } from './hash.ts'

/**
 * What is read at a time. From 64 KiB to 1 MiB all are equally fast while the file is in the page
 * cache; from 4 MiB on it no longer fits into the processor's.
 */
export const BUFFER_BYTES = 256 * 1024

/** A message to a thread costs as much as several small files. */
const BATCH_FILES = 256
const BATCH_BYTES = 4 * 1024 * 1024

/** A file that is to be hashed, its place among those that were given, and the bytes to read. */
export type Task<T extends FileToHash> = { file: T; index: number; size: number }

/** Survives the way from a thread to another, which an error with a code does not. */
export type Outcome = Hashed | { failure: { code: Code; message: string } }

/** Files and bytes that are done, of all threads. */
export type Counters = BigInt64Array<SharedArrayBuffer>

export function makeCounters(): Counters {
  return new BigInt64Array(new SharedArrayBuffer(16))
}

/**
 * Tasks as they are handed to threads, largest first: one that came last would keep a single core
 * busy after all others have nothing left to do. Small files go together.
 */
export function makeBatches<T extends FileToHash>(tasks: readonly Task<T>[]): Task<T>[][] {
  const batches: Task<T>[][] = []
  let [batch, bytes]: [Task<T>[], number] = [[], 0]
  for (const task of tasks.toSorted((a, b) => b.size - a.size)) {
    if (batch.length === 0) batches.push(batch)
    batch.push(task)
    bytes += task.size
    if (bytes >= BATCH_BYTES || batch.length === BATCH_FILES) [batch, bytes] = [[], 0]
  }
  return batches
}

/**
 * Hash one file after the other on this thread.
 * @param keepGoing whether to go on after a file that cannot be hashed, which else is the last outcome
 */
export function hashBatch(
  files: readonly FileToHash[],
  { counters, keepGoing }: { counters: Counters; keepGoing: boolean },
  buffer: Buffer
): Outcome[] {
  const outcomes: Outcome[] = []
  for (const file of files) {
    try {
      const hashed = hashInto(buffer, file, bytes => Atomics.add(counters, 1, BigInt(bytes)))
      outcomes.push(hashed)
    } catch (error) {
      if (!(error instanceof KeylessError)) throw error
      const { code, message } = error
      outcomes.push({ failure: { code, message } })
      if (!keepGoing) break
    }
    Atomics.add(counters, 0, 1n)
  }
  return outcomes
}
