import { setTimeout as sleep } from 'node:timers/promises'
import { KeylessError } from '../errors.ts'
import type { Log } from '../http.ts'
import { fromOutside, seconds } from '../http/words.ts'
import { overhear } from './chatter.ts'
import { keepToken } from './token-host.ts'

/** A workflow artifact that was uploaded. */
export type Artifact = { name: string; id: number }

/** Where everybody in a run takes the same name, something else is wrong. */
const MOST_NAMES = 50

/** Milliseconds for one attempt: the library itself would wait for ever for an answer. */
const ATTEMPT = 120_000
const FIRST_DELAY = 500
const LONGEST_DELAY = 20_000

/**
 * Upload files as one workflow artifact. A name that is taken in this run gets a suffix, `-2`, `-3` and so
 * on: also by an attempt of ours that failed half-way, since its name stays taken.
 *
 * @param wanted a name that passed `checkArtifactName`
 * @param folder what the paths inside are relative to
 * @param options.timeout milliseconds to keep trying
 * @throws KeylessError UPLOAD_FAILED, which holds neither a token nor a signed URL
 */
export async function uploadArtifact(
  wanted: string,
  folder: string,
  files: string[],
  { timeout, log }: { timeout: number; log: Log }
): Promise<Artifact> {
  // Larger than all the rest, so it is loaded where there is something to upload.
  const { DefaultArtifactClient } = await import('@actions/artifact')
  const upload = async (name: string): Promise<number> => {
    const client = new DefaultArtifactClient()
    const { id } = await keepToken(process.env.ACTIONS_RESULTS_URL ?? '', () =>
      client.uploadArtifact(name, files, folder)
    )
    if (id === undefined) throw new Error('the answer holds no id')
    return id
  }
  const deadline = performance.now() + timeout
  const left = (): number => deadline - performance.now()
  let [name, names, failures] = [wanted, 1, 0]
  for (;;) {
    try {
      const id = await overhear(
        () => within(Math.min(ATTEMPT, left()), upload(name)),
        line => {
          log.debug(line)
        }
      )
      return { name, id }
    } catch (error) {
      const { kind, words } = describe(error)
      const failed = (advice: string): KeylessError =>
        new KeylessError(
          'UPLOAD_FAILED',
          `The workflow artifact ${name} could not be uploaded (${words}); ${advice}.`
        )
      if (kind === 'taken') {
        if (names === MOST_NAMES) throw failed('give another artifact-name')
        name = `${wanted}-${(names += 1)}`
        continue
      }
      if (kind === 'final') throw failed('no further attempt would change that')
      if (left() < FIRST_DELAY) throw failed('run again later, or allow a longer timeout')
      // Full jitter: many clients that failed together must not come back together.
      const delay = Math.random() * Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** failures, left())
      failures += 1
      log.info(`Artifact ${name}: ${words}; trying again in ${seconds(delay)}`)
      await sleep(delay)
    }
  }
}

/**
 * What a failure of the library means, from its words: it has no codes. Network errors it does not try
 * again at all, and what it tried again it gave up on after half a minute.
 */
function describe(error: unknown): { kind: 'taken' | 'transient' | 'final'; words: string } {
  const { message, name, statusCode } = error as Error & { statusCode?: number }
  const words = fromOutside(message.split('\n')[0] ?? '') || `status ${statusCode ?? 'unknown'}`
  if (/^Failed to CreateArtifact: .*\(409\)/.test(message)) return { kind: 'taken', words }
  const transient =
    error instanceof Late ||
    // What stands between answers 403 here now and then (dotnet/orleans#10961); the next name goes through.
    message.startsWith('Failed to FinalizeArtifact: ') ||
    /Failed to make request after \d+ attempts|Upload progress stalled/.test(message) ||
    /Unable to make request: (ECONNRESET|ECONNREFUSED|ETIMEDOUT)/.test(message) ||
    (name === 'RestError' && (statusCode === undefined || statusCode === 429 || statusCode >= 500))
  return { kind: transient ? 'transient' : 'final', words }
}

class Late extends Error {}

async function within<T>(time: number, work: Promise<T>): Promise<T> {
  const ended = new AbortController()
  const late = sleep(time, undefined, { signal: ended.signal }).then(() => {
    throw new Late(`not done after ${seconds(time)}`)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    late.catch(() => undefined)
    ended.abort()
  }
}
