import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { startSandbox, type Fault, type Sandbox } from '../../sandbox/client.ts'
import { fetchFrom, type PublishedTrust, type TufRepository } from '../../src/trust/tuf.ts'
import { refusal } from './refusal.ts'

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

afterEach(async () => {
  jest.useRealTimers()
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

const leftovers = (): string[] => readdirSync(home).filter(each => each.startsWith('keyless'))

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

  it('keeps trying for as long as it was told to', async () => {
    await sandbox.fault({ service: 'tuf', kind: 'unreachable' })
    const before = (await sandbox.requests()).length
    const fetching = fetchFrom(repository, 30_000)
    // More than one round of the library's own attempts.
    while ((await sandbox.requests()).length < before + 4) await sleep(20)
    await sandbox.clearFaults()
    await expect(fetching).resolves.toHaveProperty('trustedRoot')
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

  it.each<[string, Omit<Fault, 'service'>]>([
    ['TUF_EXPIRED', { kind: 'expired-timestamp' }],
    ['TUF_EXPIRED', { kind: 'expired-root' }],
    ['TUF_ROLLED_BACK', { kind: 'rolled-back' }],
    ['TUF_UNREACHABLE', { kind: 'reset' }],
    ['TUF_INVALID', { kind: 'garbage' }],
    ['TUF_INVALID', { kind: 'huge' }]
  ])('refuses with %s: %j', async (code, fault) => {
    await sandbox.fault({ service: 'tuf', ...fault })
    await expect(fetchFrom(repository)).rejects.toEqual(refusal(code))
  })

  it('does not fall back to anything when nobody answers', async () => {
    const url = 'http://127.0.0.1:1'
    await expect(fetchFrom({ ...repository, url })).rejects.toMatchObject({
      code: 'TUF_UNREACHABLE'
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
      message: expect.stringMatching(/259\d{4} s ahead/)
    })
  })
})
