import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  checkUnchanged,
  hashInto,
  type FileToHash,
  type Hashed
} from '../../../src/subjects/digests/hash.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'hash-'))
})
afterEach(() => {
  rmSync(dir, { recursive: true })
})

const BUFFER = 1000
const hash = (file: FileToHash, advance?: (bytes: number) => void): Hashed =>
  hashInto(Buffer.alloc(BUFFER), file, advance)

const coded = (code: string): unknown => expect.objectContaining({ code })

describe('hashInto', () => {
  it.each([0, 1, BUFFER - 1, BUFFER, BUFFER + 1, 7 * BUFFER + 3])('hashes %i bytes', size => {
    const bytes = randomBytes(size)
    const path = join(dir, 'f')
    writeFileSync(path, bytes)
    for (const algorithm of ['sha256', 'sha384', 'sha512', 'blake2b512'] as const) {
      let read = 0
      const { digest, head } = hash({ path, algorithm }, more => (read += more))
      expect(digest).toBe(createHash(algorithm).update(bytes).digest('hex'))
      expect(Buffer.from(head, 'latin1')).toEqual(bytes.subarray(0, 64))
      expect(read).toBe(size)
    }
  })

  it('hashes a range of a file, and refuses one that the file does not have', () => {
    const bytes = randomBytes(5 * BUFFER)
    const path = join(dir, 'f')
    writeFileSync(path, bytes)
    for (const [start, end] of [
      [0, 10],
      [7, 3 * BUFFER],
      [4 * BUFFER, 5 * BUFFER],
      [9, 9]
    ] as const) {
      const { digest } = hash({ path, range: { start, end } })
      const expected = createHash('sha256').update(bytes.subarray(start, end)).digest('hex')
      expect(digest).toBe(expected)
    }
    const beyond = { path, range: { start: 0, end: 5 * BUFFER + 1 } }
    expect(() => hash(beyond)).toThrow(coded('FILE_CHANGED'))
  })

  it.each([
    [
      'grows',
      (path: string) => {
        appendFileSync(path, 'x')
      }
    ],
    [
      'is replaced by its like',
      (path: string) => {
        writeFileSync(`${path}2`, Buffer.alloc(3 * BUFFER))
        renameSync(`${path}2`, path)
      }
    ],
    [
      'is written to',
      (path: string) => {
        writeFileSync(path, Buffer.alloc(3 * BUFFER, 1))
      }
    ],
    [
      'is taken away',
      (path: string) => {
        rmSync(path)
      }
    ]
  ])('refuses a file that %s while it is hashed', (_, change) => {
    const path = join(dir, 'f')
    writeFileSync(path, Buffer.alloc(3 * BUFFER))
    let once = () => {
      change(path)
      once = () => undefined
    }
    expect(() =>
      hash({ path }, () => {
        once()
      })
    ).toThrow(coded('FILE_CHANGED'))
  })

  it('refuses a link, a folder, a pipe without waiting, and a file that is not there', () => {
    writeFileSync(join(dir, 'f'), 'x')
    symlinkSync(join(dir, 'f'), join(dir, 'link'))
    execFileSync('mkfifo', [join(dir, 'pipe')])
    const at = (name: string) => () => hash({ path: join(dir, name) })
    expect(at('link')).toThrow(coded('FILE_UNREADABLE'))
    expect(at('.')).toThrow(coded('FILE_NOT_REGULAR'))
    expect(at('pipe')).toThrow(coded('FILE_NOT_REGULAR'))
    expect(at('none')).toThrow(coded('FILE_UNREADABLE'))
    // A regular file that answers EIO, also to root.
    expect(() => hash({ path: '/proc/self/mem' })).toThrow(coded('FILE_UNREADABLE'))
    // One that holds more than its size says.
    expect(() => hash({ path: '/proc/self/status' })).toThrow(coded('FILE_CHANGED'))
  })
})

describe('checkUnchanged', () => {
  it('refuses a file that is another one by now, or gone', () => {
    const path = join(dir, 'f')
    writeFileSync(path, 'one')
    const hashed = hash({ path })
    const check = () => {
      checkUnchanged(path, hashed)
    }
    expect(check).not.toThrow()
    writeFileSync(path, 'two')
    expect(check).toThrow(coded('FILE_CHANGED'))
    rmSync(path)
    expect(check).toThrow(coded('FILE_CHANGED'))
  })
})
