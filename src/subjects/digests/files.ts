import { lstatSync } from 'node:fs'
import { KeylessError } from '../../errors.ts'
import type { Log } from '../../http.ts'
import {
  BUFFER_BYTES,
  hashBatch,
  makeBatches,
  makeCounters,
  type Outcome,
  type Task
} from './batch.ts'
import type { FileToHash, Hashed } from './hash.ts'
import { CLOCK, reportProgress, type Clock } from './progress.ts'
import { hashOnThreads } from './threads.ts'

export type HashOptions = { log: Log; signal?: AbortSignal; clock?: Clock }

/** What is hashed in less time than a thread needs to start: bytes, where a file counts as so many. */
const NOT_WORTH_A_THREAD = 64 * 1024 * 1024
const FILE_COST = 16 * 1024

/**
 * Hash files as fast as the cores and the disk allow; all of them, or none.
 *
 * @returns the files in the order given, each with what it hashed to
 * @throws KeylessError as `hashInto`, for the first file that cannot be hashed; what was under way
 *   has ended by then. The reason of `signal` once it is aborted.
 */
export async function hashFiles<T extends FileToHash>(
  files: readonly T[],
  options: HashOptions
): Promise<(T & { hashed: Hashed })[]> {
  const done: (T & { hashed: Hashed })[] = []
  await hash(files, false, options, ({ file, index }, outcome) => {
    if ('failure' in outcome) throw thrown(outcome)
    done[index] = { ...file, hashed: outcome }
  })
  return done
}

/**
 * Hash files, each for itself.
 *
 * @returns the files in the order given, each with what {@link hashFiles} says, or throws, of it
 * @throws the reason of `signal` once it is aborted
 */
export async function hashEach<T extends FileToHash>(
  files: readonly T[],
  options: HashOptions
): Promise<(T & { hashed: Hashed | KeylessError })[]> {
  const done: (T & { hashed: Hashed | KeylessError })[] = []
  await hash(files, true, options, ({ file, index }, outcome) => {
    done[index] = { ...file, hashed: 'failure' in outcome ? thrown(outcome) : outcome }
  })
  return done
}

async function hash<T extends FileToHash>(
  files: readonly T[],
  keepGoing: boolean,
  { log, signal, clock = CLOCK }: HashOptions,
  take: (task: Task<T>, outcome: Outcome) => void
): Promise<void> {
  signal?.throwIfAborted()
  const tasks = files.map((file, index) => ({ file, index, size: sizeOf(file) }))
  const bytes = tasks.reduce((sum, { size }) => sum + size, 0)
  const counters = makeCounters()
  const common = { counters, keepGoing }
  const takeBatch = (batch: Task<T>[], outcomes: Outcome[]): void => {
    for (const [i, task] of batch.entries()) {
      const outcome = outcomes[i]
      if (outcome) take(task, outcome)
    }
  }
  if (bytes + tasks.length * FILE_COST < NOT_WORTH_A_THREAD) {
    takeBatch(tasks, hashBatch(files, common, Buffer.allocUnsafeSlow(BUFFER_BYTES)))
    return
  }
  const stop = reportProgress({ files: files.length, bytes }, counters, { log, clock })
  try {
    await hashOnThreads(makeBatches(tasks), { ...common, take: takeBatch, signal })
  } finally {
    stop()
  }
}

/** A guess: 0 for a file that cannot be looked at, as hashing says what is wrong with it. */
export function sizeOf({ path, size, range }: FileToHash): number {
  if (range) return range.end - range.start
  if (size !== undefined) return size
  try {
    return lstatSync(path).size
  } catch {
    return 0
  }
}

function thrown({ failure }: Extract<Outcome, { failure: unknown }>): KeylessError {
  return new KeylessError(failure.code, failure.message)
}
