import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest
} from '@jest/globals'
import { startSandbox, type Fault, type Sandbox } from '../../sandbox/client.ts'
import { fetchFrom, type TufRepository } from '../../src/trust/tuf.ts'

let sandbox: Sandbox
let repository: TufRepository
const home = mkdtempSync(path.join(tmpdir(), 'trust-home-'))
const before = { ...process.env }

beforeAll(async () => {
  sandbox = await startSandbox()
  const root = readFileSync(sandbox.tufRoot, 'utf8')
  repository = { name: 'the sandbox', url: sandbox.urls.tuf, root }
})

beforeEach(() => {
  // Other programs have folders in the common one.
  process.env.TMPDIR = home
})

afterEach(async () => {
  jest.useRealTimers()
  process.env = { ...before }
  await sandbox.clearFaults()
})

afterAll(async () => {
  await sandbox.stop()
  rmSync(home, { recursive: true })
})

const leftovers = (): string[] => readdirSync(home).filter(each => each.startsWith('keyless-tuf-'))

describe('fetchFrom', () => {
  it('gets the trusted root and the signing config, and leaves nothing behind', async () => {
    await expect(fetchFrom(repository)).resolves.toEqual({
      trustedRoot: readFileSync(sandbox.trustedRoot, 'utf8'),
      signingConfig: readFileSync(sandbox.signingConfig, 'utf8')
    })
    expect(leftovers()).toEqual([])
  })

  it('reads no cache that an earlier step could have planted', async () => {
    // Where @sigstore/tuf keeps its own by default.
    process.env.HOME = home
    process.env.XDG_DATA_HOME = path.join(home, '.local', 'share')
    const { host } = new URL(repository.url)
    const cache = path.join(home, '.local', 'share', 'sigstore-js', encodeURIComponent(host))
    mkdirSync(path.join(cache, 'targets'), { recursive: true })
    for (const name of ['root.json', 'timestamp.json', 'targets/trusted_root.json']) {
      writeFileSync(path.join(cache, name), '{"planted": true}')
    }
    const { trustedRoot } = await fetchFrom(repository)
    expect(trustedRoot).not.toContain('planted')
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
    await expect(fetchFrom(repository)).rejects.toMatchObject({ code })
    expect(leftovers()).toEqual([])
  })

  it('does not fall back to anything when nobody answers', async () => {
    const url = 'http://127.0.0.1:1'
    await expect(fetchFrom({ ...repository, url })).rejects.toMatchObject({
      code: 'TUF_UNREACHABLE'
    })
  }, 20_000)

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
