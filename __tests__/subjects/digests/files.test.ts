import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { hashEach, hashFiles } from '../../../src/subjects/digests/files.ts'
import { silent } from './silent.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'files-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true })
})

const options = { log: silent }

/** Files of which the sparse ones, all zeros, are enough to need threads. */
function makeFiles(sparse: number): { path: string; sha256: string }[] {
  return Array.from({ length: 12 }, (_, i) => {
    const path = join(dir, `${i}`)
    const bytes = randomBytes(i * 1000)
    writeFileSync(path, bytes)
    if (i >= sparse) return { path, sha256: createHash('sha256').update(bytes).digest('hex') }
    truncateSync(path, 40 * 1024 * 1024)
    const all = Buffer.concat([bytes], 40 * 1024 * 1024)
    return { path, sha256: createHash('sha256').update(all).digest('hex') }
  })
}

const threads = (): number =>
  process.getActiveResourcesInfo().filter(name => name === 'MessagePort' || name === 'Worker')
    .length

describe.each([
  ['on threads', 3],
  ['without threads', 0]
])('%s', (_, sparse) => {
  it('hashes files in the order given, and keeps what was given with them', async () => {
    const files = makeFiles(sparse)
    const done = await hashFiles(files, options)
    expect(done.map(({ path }) => path)).toEqual(files.map(({ path }) => path))
    for (const { sha256, hashed } of done) expect(hashed.digest).toBe(sha256)
  })

  it('hashes ranges, by another algorithm', async () => {
    makeFiles(sparse)
    const path = join(dir, '11')
    const range = { start: 5, end: 500 }
    const files = [0, 1, 2].map(i => ({ path: join(dir, `${i}`) }))
    const done = await hashFiles([...files, { path, range, algorithm: 'blake2b512' }], options)
    const { digest } =
      (await hashFiles([{ path, range, algorithm: 'blake2b512' }], options))[0]?.hashed ?? {}
    expect(digest).toMatch(/^[0-9a-f]{128}$/)
    expect(done[3]?.hashed.digest).toBe(digest)
  })

  it('stops at a file that cannot be hashed, and names it', async () => {
    const files = makeFiles(sparse)
    files.splice(5, 0, { path: join(dir, 'none'), sha256: '' })
    await expect(hashFiles(files, options)).rejects.toMatchObject({
      name: 'KeylessError',
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining(`${join(dir, 'none')} could not be read (ENOENT)`)
    })
  })

  it('goes on after such a file where each is for itself', async () => {
    const files = makeFiles(sparse)
    files.splice(5, 0, { path: join(dir, 'none'), sha256: '' })
    const done = await hashEach(files, options)
    expect(done).toHaveLength(files.length)
    for (const { sha256, hashed } of done) {
      expect(hashed).toMatchObject(sha256 ? { digest: sha256 } : { code: 'FILE_UNREADABLE' })
    }
  })

  it('hashes nothing', async () => {
    expect(await hashFiles([], options)).toEqual([])
  })

  it('does not begin once it is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(hashFiles(makeFiles(sparse), { ...options, signal })).rejects.toThrow('enough')
  })
})

it('leaves no thread behind when it is aborted half-way', async () => {
  const path = join(dir, 'huge')
  writeFileSync(path, '')
  // Sparse: it would take minutes.
  truncateSync(path, 2 ** 40)
  const before = threads()
  const controller = new AbortController()
  let ticks = 0
  const clock = {
    now: () => 0,
    every(_: number, tick: () => void) {
      const timer = setInterval(() => {
        tick()
        // By the second look something was read.
        if (++ticks > 1) controller.abort(new Error('enough'))
      }, 100)
      return () => {
        clearInterval(timer)
      }
    }
  }
  const files = [{ path }, { path }]
  await expect(hashFiles(files, { log: silent, signal: controller.signal, clock })).rejects.toThrow(
    'enough'
  )
  expect(threads()).toBe(before)
})

it('ends the other threads where one file fails', async () => {
  const huge = join(dir, 'huge')
  writeFileSync(huge, '')
  truncateSync(huge, 2 ** 40)
  const before = threads()
  // First, also where there is one thread only.
  const missing = { path: join(dir, 'none'), range: { start: 0, end: 2 ** 41 } }
  const files = [{ path: huge }, missing]
  await expect(hashFiles(files, options)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
  expect(threads()).toBe(before)
})
