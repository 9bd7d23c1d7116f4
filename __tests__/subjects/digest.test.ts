import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { checkUnchanged, hashFile, hashForSigning, refuseDsse } from '../../src/subjects/digest.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'digest-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true })
})

describe('hashFile', () => {
  it.each([0, 1, 1024 * 1024, 3 * 1024 * 1024 + 7])('hashes %i bytes', async size => {
    const bytes = randomBytes(size)
    const path = join(dir, 'f')
    await writeFile(path, bytes)
    for (const algorithm of ['sha256', 'sha384', 'sha512'] as const) {
      expect((await hashFile(path, algorithm)).digest).toBe(
        createHash(algorithm).update(bytes).digest('hex')
      )
    }
  })

  it('keeps the content of a small file, and of no other', async () => {
    const path = join(dir, 'f')
    for (const size of [0, 1, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024]) {
      const bytes = randomBytes(size)
      await writeFile(path, bytes)
      const { content } = await hashFile(path)
      expect(content?.equals(bytes)).toBe(size <= 1024 * 1024 ? true : undefined)
    }
    await writeFile(path, 'x')
    expect(await hashForSigning(path)).not.toHaveProperty('content')
  })

  it('refuses a file that grows while it is hashed', async () => {
    const path = join(dir, 'f')
    await writeFile(path, Buffer.alloc(64 * 1024 * 1024))
    const ended = new AbortController()
    const hashing = hashFile(path).finally(() => {
      ended.abort()
    })
    const writing = (async () => {
      while (!ended.signal.aborted) await appendFile(path, 'x')
    })()
    await expect(hashing).rejects.toMatchObject({ code: 'FILE_CHANGED' })
    await writing
  })

  it('refuses a file that is replaced while it is hashed', async () => {
    const path = join(dir, 'f')
    await writeFile(path, Buffer.alloc(64 * 1024 * 1024))
    const ended = new AbortController()
    const hashing = hashFile(path).finally(() => {
      ended.abort()
    })
    const replacing = (async () => {
      while (!ended.signal.aborted) {
        await writeFile(join(dir, 'other'), Buffer.alloc(1024))
        await rename(join(dir, 'other'), path)
      }
    })()
    await expect(hashing).rejects.toMatchObject({ code: 'FILE_CHANGED' })
    await replacing
  })

  it('refuses a link, a folder, a pipe without waiting, and a file that is not there', async () => {
    await writeFile(join(dir, 'f'), 'x')
    await symlink(join(dir, 'f'), join(dir, 'link'))
    execFileSync('mkfifo', [join(dir, 'pipe')])
    await expect(hashFile(join(dir, 'link'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
    await expect(hashFile(dir)).rejects.toMatchObject({ code: 'FILE_NOT_REGULAR' })
    await expect(hashFile(join(dir, 'pipe'))).rejects.toMatchObject({ code: 'FILE_NOT_REGULAR' })
    // A regular file that answers EIO, also to root.
    await expect(hashFile('/proc/self/mem')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
    await expect(hashFile(join(dir, 'none'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
  })
})

describe('hashForSigning', () => {
  it('refuses what DSSE signs, and a Git LFS pointer, and nothing that only resembles them', async () => {
    const path = join(dir, 'f')
    await writeFile(path, 'DSSEv1 28 application/vnd.in-toto+json 2 {}')
    await expect(hashForSigning(path)).rejects.toMatchObject({ code: 'FILE_IS_DSSE' })
    await writeFile(path, 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n')
    await expect(hashForSigning(path)).rejects.toMatchObject({ code: 'FILE_IS_LFS_POINTER' })
    await writeFile(path, 'DSSEv1')
    const hashed = await hashForSigning(path)
    expect(hashed.digest).toBe((await hashFile(path)).digest)
    expect(() => {
      refuseDsse(path, hashed)
    }).not.toThrow()
  })
})

describe('checkUnchanged', () => {
  it('refuses a file that is another one by now, or gone', async () => {
    const path = join(dir, 'f')
    await writeFile(path, 'one')
    const hashed = await hashFile(path)
    await expect(checkUnchanged(path, hashed)).resolves.toBeUndefined()
    await writeFile(path, 'two')
    await expect(checkUnchanged(path, hashed)).rejects.toMatchObject({ code: 'FILE_CHANGED' })
    await rm(path)
    await expect(checkUnchanged(path, hashed)).rejects.toMatchObject({ code: 'FILE_CHANGED' })
  })
})
