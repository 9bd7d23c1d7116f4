import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Counters, Outcome, Task } from './batch.ts'
import type { FileToHash } from './hash.ts'

/**
 * model_signing was measured at 140 GB: 8 threads take what 128 do (its pull request 479), since by
 * then the disk is busy. Each takes some 10 MiB of memory.
 */
const MOST_THREADS = 8

type Options<T extends FileToHash> = {
  counters: Counters
  keepGoing: boolean
  /** Told of each batch that is done; what it throws ends the work. */
  take: (batch: Task<T>[], outcomes: Outcome[]) => void
  signal: AbortSignal | undefined
}

/**
 * Hash batches on as many threads as there are cores for them. None of them is left, whatever the
 * outcome: also where it is thrown, they have ended by then.
 *
 * @throws the reason of `signal`, what `take` throws, or what ended a thread
 */
export async function hashOnThreads<T extends FileToHash>(
  batches: Task<T>[][],
  options: Options<T>
): Promise<void> {
  const { counters, keepGoing, take, signal } = options
  const { promise: stopped, reject: stop } = Promise.withResolvers<never>()
  const onAbort = (): void => {
    stop(signal?.reason)
  }
  signal?.addEventListener('abort', onAbort)
  const queue = batches.values()
  const work = (thread: Worker): Promise<void> =>
    new Promise(resolve => {
      let current: Task<T>[] | undefined
      const next = (): void => {
        current = queue.next().value
        if (current) thread.postMessage(current.map(({ file }) => toHash(file)))
        else resolve()
      }
      thread.on('message', (outcomes: Outcome[]) => {
        try {
          take(current ?? [], outcomes)
          next()
        } catch (error) {
          stop(error)
        }
      })
      thread.on('error', stop)
      thread.on('exit', () => {
        stop(new Error('A thread that hashes files ended early.'))
      })
      next()
    })
  const count = Math.min(availableParallelism(), MOST_THREADS, batches.length)
  // Neither the environment with its tokens nor what was loaded into this process is theirs.
  const start = (): Worker =>
    new Worker(new URL('./thread.ts', import.meta.url), {
      workerData: { counters, keepGoing },
      env: {},
      execArgv: []
    })
  const threads = Array.from({ length: count }, start)
  try {
    signal?.throwIfAborted()
    await Promise.race([stopped, Promise.all(threads.map(work))])
  } finally {
    signal?.removeEventListener('abort', onAbort)
    await Promise.all(threads.map(thread => thread.terminate()))
  }
}

/** What a thread has to know of a file. */
function toHash({ path, algorithm, range }: FileToHash): FileToHash {
  return { path, ...(algorithm && { algorithm }), ...(range && { range }) }
}
