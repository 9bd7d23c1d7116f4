import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { startSandbox, type Fault, type Sandbox } from '../../sandbox/client.ts'
import {
  fetchFrom,
  fetchTrust,
  type PublishedTrust,
  type TufRepository
} from '../../src/trust/tuf.ts'

let sandbox: Sandbox
let repository: TufRepository
// Some of it happens in other processes, on a machine that may be busy.
jest.setTimeout(60_000)

const home = mkdtempSync(path.join(tmpdir(), 'trust-home-'))

beforeAll(async () => {
  sandbox = await startSandbox()
  const root = readFileSync(sandbox.tufRoot, 'utf8')
  repository = { name: 'the sandbox', url: sandbox.urls.tuf, root }
})

const { fetch } = globalThis
const { random } = Math

afterEach(async () => {
  jest.useRealTimers()
  globalThis.fetch = fetch
  Math.random = random
  await sandbox.clearFaults()
})

afterAll(async () => {
  await sandbox.stop()
  rmSync(home, { recursive: true })
})

/** The same in a process with a home of its own: jest's `process.env` is not what `os` reads. */
async function fetchAtHome(): Promise<PublishedTrust> {
  const module = new URL('../../src/trust/tuf.ts', import.meta.url)
  const program = `
    import { fetchFrom } from '${module.href}'
    console.log(JSON.stringify(await fetchFrom(JSON.parse(process.argv[1]))))`
  const args = ['--input-type=module', '-e', program, JSON.stringify(repository)]
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    XDG_DATA_HOME: path.join(home, 'data'),
    TMPDIR: home
  }
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  return JSON.parse(stdout) as PublishedTrust
}

const EXPIRED =
  'is expired, so what it says may be out of date or withheld; if others see this too, tell its operators, else update this action.'
const ROLLED_BACK =
  'offers older metadata than it has already announced; a stale mirror or an attack does that, so nothing of it is used.'
const UNREACHABLE = 'could not be read; check the network and its proxy, or give trusted-root.'
const INVALID =
  'does not verify from the root that it was started with, or lacks what a Sigstore instance publishes; if its operators know of nothing, something between is changing it.'

const leftovers = (): string[] => readdirSync(home).filter(each => each.startsWith('keyless'))

function holds(file: string, text: string): boolean {
  try {
    return readFileSync(file, 'utf8') === text
  } catch {
    return false
  }
}

describe('fetchFrom with patience', () => {
  const MINUTE = 60_000

  /** Has the repository answer with 404 for some rounds. @returns how many there were */
  function missing(rounds: number): () => number {
    let seen = 0
    globalThis.fetch = (url, o) => {
      if (new Request(url).url.endsWith('/timestamp.json')) seen += 1
      return seen > rounds ? fetch(url, o) : Promise.resolve(new Response('', { status: 404 }))
    }
    return () => seen
  }

  it('keeps trying', async () => {
    Math.random = () => 0.001
    const rounds = missing(2)
    await expect(fetchFrom(repository, MINUTE)).resolves.toHaveProperty('trustedRoot')
    expect(rounds()).toBe(3)
  })

  it.each([0, 4000])('gives up in time for %d ms', async patience => {
    Math.random = () => 0.001
    const rounds = missing(1)
    await expect(fetchFrom(repository, patience)).rejects.toMatchObject({ code: 'TUF_UNREACHABLE' })
    expect(rounds()).toBe(1)
  })

  it('does not wait for what is wrong to become right', async () => {
    Math.random = () => 0.001
    await sandbox.fault({ service: 'tuf', kind: 'expired-timestamp' })
    let asked = 0
    globalThis.fetch = (url, o) => {
      if (o?.method === 'HEAD' && ++asked > 1) throw new Error('asked again')
      return fetch(url, o)
    }
    await expect(fetchFrom(repository, 6000)).rejects.toMatchObject({ code: 'TUF_EXPIRED' })
    expect(asked).toBe(1)
  })
})

describe('fetchFrom', () => {
  it('gets the trusted root and the signing config, and leaves nothing behind', async () => {
    await expect(fetchAtHome()).resolves.toEqual({
      trustedRoot: readFileSync(sandbox.trustedRoot, 'utf8'),
      signingConfig: readFileSync(sandbox.signingConfig, 'utf8')
    })
    expect(readdirSync(home)).toEqual([])
  })

  it('leaves nothing behind when it fails', async () => {
    await sandbox.fault({ service: 'tuf', kind: 'rolled-back' })
    await expect(fetchAtHome()).rejects.toThrow(/TUF_ROLLED_BACK/)
    expect(leftovers()).toEqual([])
  })

  it.each<[string, Fault['kind'] | undefined]>([
    ['it fetches', undefined],
    ['it refuses', 'rolled-back']
  ])('keeps what %s in a folder that is there meanwhile alone', async (_, kind) => {
    // Others may fetch at the same time, and start from another root.
    const folders = (): string[] =>
      readdirSync(tmpdir()).filter(
        name =>
          name.startsWith('keyless-tuf-') &&
          holds(path.join(tmpdir(), name, 'root.json'), repository.root)
      )
    if (kind) await sandbox.fault({ service: 'tuf', kind })
    const seen: number[] = []
    globalThis.fetch = (url, o) => {
      seen.push(folders().length)
      return fetch(url, o)
    }
    await fetchFrom(repository).catch(() => undefined)
    expect(new Set(seen)).toEqual(new Set([1]))
    expect(folders()).toEqual([])
  })

  it('reads no cache that an earlier step could have planted', async () => {
    // Where @sigstore/tuf keeps its own by default.
    const name = encodeURIComponent(new URL(repository.url).host)
    const cache = path.join(home, 'data', 'sigstore-js', name)
    mkdirSync(path.join(cache, 'targets'), { recursive: true })
    for (const file of ['root.json', 'timestamp.json', 'targets/trusted_root.json']) {
      writeFileSync(path.join(cache, file), '{"planted": true}')
    }
    const { trustedRoot } = await fetchAtHome()
    expect(trustedRoot).toBe(readFileSync(sandbox.trustedRoot, 'utf8'))
    expect(readFileSync(path.join(cache, 'root.json'), 'utf8')).toContain('planted')
  })

  it.each<[string, Omit<Fault, 'service'>, string]>([
    ['TUF_EXPIRED', { kind: 'expired-timestamp' }, EXPIRED],
    ['TUF_EXPIRED', { kind: 'expired-root' }, EXPIRED],
    ['TUF_ROLLED_BACK', { kind: 'rolled-back' }, ROLLED_BACK],
    ['TUF_UNREACHABLE', { kind: 'reset' }, UNREACHABLE],
    ['TUF_INVALID', { kind: 'garbage' }, INVALID],
    ['TUF_INVALID', { kind: 'huge' }, INVALID]
  ])('refuses with %s: %j', async (code, fault, words) => {
    await sandbox.fault({ service: 'tuf', ...fault })
    await expect(fetchFrom(repository)).rejects.toMatchObject({
      code,
      message: `The TUF repository of the sandbox (${repository.url}) ${words}`,
      cause: expect.anything()
    })
  })

  it('refuses what another root signed', async () => {
    const { default: root } = await import('../../src/trust/roots/staging.json', {
      with: { type: 'json' }
    })
    const other = { ...repository, root: JSON.stringify(root) }
    await expect(fetchFrom(other)).rejects.toMatchObject({ code: expect.stringMatching(/^TUF_/) })
  })

  it('names the clock of this machine when that is why all seems expired', async () => {
    jest.useFakeTimers({
      now: Date.now() + 30 * 86_400_000,
      doNotFake: [
        'setTimeout',
        'clearTimeout',
        'setImmediate',
        'nextTick',
        'queueMicrotask',
        'performance',
        'setInterval',
        'clearInterval',
        'clearImmediate',
        'hrtime'
      ]
    })
    await expect(fetchFrom(repository)).rejects.toMatchObject({
      code: 'TUF_CLOCK',
      message: expect.stringMatching(
        /^The TUF repository of the sandbox \(.*\) seems expired, but the clock of this machine is 259\d{4} s ahead of the server's; set the clock\.$/
      ),
      cause: expect.anything()
    })
    // Nothing but the header is wanted.
    expect((await sandbox.requests()).at(-1)).toMatchObject({ method: 'HEAD' })
  })

  it.each<[string, () => Promise<Response>]>([
    ['cannot be asked', () => Promise.reject(new Error('no answer'))],
    ['does not tell', () => Promise.resolve(new Response())]
  ])('believes the clock of this machine where the server %s the time', async (_, answer) => {
    await sandbox.fault({ service: 'tuf', kind: 'expired-timestamp' })
    globalThis.fetch = (url, o) => (o?.method === 'HEAD' ? answer() : fetch(url, o))
    await expect(fetchFrom(repository)).rejects.toMatchObject({ code: 'TUF_EXPIRED' })
  })

  it('does not fall back to anything when nobody answers', async () => {
    const url = 'http://127.0.0.1:1'
    await expect(fetchFrom({ ...repository, url })).rejects.toMatchObject({
      code: 'TUF_UNREACHABLE'
    })
  })
})

describe('fetchTrust', () => {
  it.each([
    ['public-good', 'https://tuf-repo-cdn.sigstore.dev'],
    ['staging', 'https://tuf-repo-cdn.sigstage.dev']
  ] as const)('of %s starts from the root built in, at %s', async (instance, url) => {
    const asked: string[] = []
    globalThis.fetch = url => {
      asked.push(new Request(url).url)
      return Promise.resolve(new Response('', { status: 404 }))
    }
    await expect(fetchTrust(instance)).rejects.toMatchObject({
      message: expect.stringContaining(`The TUF repository of ${instance} (${url}) `)
    })
    // What it looks for first is the root after that.
    expect(asked[0]?.replace(/\d+/, 'N')).toBe(`${url}/N.root.json`)
  })
})
