import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { initTUF } from '@sigstore/tuf'
import { KeylessError } from '../errors.ts'
import { isObject } from '../json.ts'
import publicGood from './roots/public-good.json' with { type: 'json' }
import staging from './roots/staging.json' with { type: 'json' }

/** Milliseconds for one file, to its last byte. */
const TIMEOUT = 10_000
const RETRIES = 2

/** Milliseconds between two rounds of these at most. */
const PAUSE = 5000

/** Milliseconds by which this machine's clock may be ahead before it is named as the cause. */
const CLOCK_TOLERANCE = 5 * 60_000

/** A TUF repository and the root to start from, which must come from somewhere trusted. */
export type TufRepository = { name: string; url: string; root: string }

/** What an instance publishes by TUF, as JSON texts. */
export type PublishedTrust = { trustedRoot: string; signingConfig: string }

const REPOSITORIES = {
  'public-good': { url: 'https://tuf-repo-cdn.sigstore.dev', root: publicGood },
  staging: { url: 'https://tuf-repo-cdn.sigstage.dev', root: staging }
}

/** An instance whose TUF root is built in. */
export type InstanceName = keyof typeof REPOSITORIES

/**
 * Fetches the trusted root and the signing config of a public instance, starting from the root that
 * is built in.
 *
 * @param patience milliseconds to keep trying while the repository cannot be reached
 * @throws KeylessError TUF_…
 */
export async function fetchTrust(
  instance: InstanceName,
  patience?: number
): Promise<PublishedTrust> {
  const { url, root } = REPOSITORIES[instance]
  return fetchFrom({ name: instance, url, root: JSON.stringify(root) }, patience)
}

/**
 * Fetches from a TUF repository into a folder of our own, which is deleted again: a cache that an
 * earlier step left somewhere, and could have planted, is never read. There is nothing older to
 * fall back to either: what cannot be fetched and verified now is an error.
 *
 * @throws KeylessError TUF_UNREACHABLE, TUF_EXPIRED, TUF_CLOCK, TUF_ROLLED_BACK, TUF_INVALID
 */
export async function fetchFrom(repository: TufRepository, patience = 0): Promise<PublishedTrust> {
  const end = performance.now() + patience
  for (;;) {
    try {
      return await fetchOnce(repository)
    } catch (error) {
      const passing = error instanceof KeylessError && error.code === 'TUF_UNREACHABLE'
      if (!passing || performance.now() + PAUSE > end) throw error
      await sleep(Math.random() * PAUSE)
    }
  }
}

async function fetchOnce(repository: TufRepository): Promise<PublishedTrust> {
  const folder = await mkdtemp(path.join(tmpdir(), 'keyless-tuf-')) // mode 0700
  try {
    const rootPath = path.join(folder, 'root.json')
    await writeFile(rootPath, repository.root)
    const client = await initTUF({
      mirrorURL: repository.url,
      // Without it the library uses a folder in the home directory, where a root may lie already.
      cachePath: path.join(folder, 'cache'),
      rootPath,
      timeout: TIMEOUT,
      retry: { retries: RETRIES }
    })
    return {
      trustedRoot: await client.getTarget('trusted_root.json'),
      signingConfig: await client.getTarget('signing_config.v0.2.json')
    }
  } catch (error) {
    throw await explain(error, repository)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function explain(cause: unknown, { name, url }: TufRepository): Promise<KeylessError> {
  // tuf-js wraps the errors of deeper levels as text, so their classes cannot tell them apart.
  const words = messages(cause)
  const what = `The TUF repository of ${name} (${url})`

  if (words.includes('is expired')) {
    const ahead = await clockAhead(url)
    if (ahead > CLOCK_TOLERANCE) {
      return new KeylessError(
        'TUF_CLOCK',
        `${what} seems expired, but the clock of this machine is ${Math.round(ahead / 1000)} s ahead of the server's; set the clock.`,
        { cause }
      )
    }
    return new KeylessError(
      'TUF_EXPIRED',
      `${what} is expired, so what it says may be out of date or withheld; if others see this too, tell its operators, else update this action.`,
      { cause }
    )
  }
  if (
    /is less than|doesn't match timestamp|does not match snapshot|expected version/i.test(words)
  ) {
    return new KeylessError(
      'TUF_ROLLED_BACK',
      `${what} offers older metadata than it has already announced; a stale mirror or an attack does that, so nothing of it is used.`,
      { cause }
    )
  }
  if (/failed to download|fetch failed|aborted|timeout|terminated|socket/i.test(words)) {
    return new KeylessError(
      'TUF_UNREACHABLE',
      `${what} could not be read; check the network and its proxy, or give trusted-root.`,
      { cause }
    )
  }
  return new KeylessError(
    'TUF_INVALID',
    `${what} does not verify from the root that it was started with, or lacks what a Sigstore instance publishes; if its operators know of nothing, something between is changing it.`,
    { cause }
  )
}

function messages(error: unknown): string {
  const words: string[] = []
  // By shape: errors of fetch need not be of this realm's Error.
  for (let each = error; isObject(each); each = each.cause) words.push(String(each.message))
  return words.join('; ')
}

// Milliseconds by which our clock is ahead of the server's; NaN, which exceeds nothing, when it does not say.
async function clockAhead(url: string): Promise<number> {
  const answer = await fetch(`${url}/timestamp.json`, {
    method: 'HEAD',
    signal: AbortSignal.timeout(TIMEOUT)
  }).catch(() => undefined)
  return Date.now() - Date.parse(String(answer?.headers.get('date')))
}
