import { execFileSync } from 'node:child_process'
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { checkWritable, readBundle, writeAtomic } from '../../src/storage/local.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'local-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true })
})

describe('writeAtomic', () => {
  it('writes, makes folders, replaces, and leaves no temporary file', async () => {
    const path = join(dir, 'x/y.json')
    await writeAtomic(path, 'one')
    await writeAtomic(path, 'two')
    expect(await readFile(path, 'utf8')).toBe('two')
    expect(await readdir(join(dir, 'x'))).toEqual(['y.json'])
  })

  it('leaves nothing behind when the destination cannot be replaced', async () => {
    await mkdir(join(dir, 'y.json/full'), { recursive: true })
    await expect(writeAtomic(join(dir, 'y.json'), 'one')).rejects.toMatchObject({
      code: 'WRITE_FAILED'
    })
    expect(await readdir(dir)).toEqual(['y.json'])
  })
})

describe('checkWritable', () => {
  it('takes a folder that can be made, and refuses one that cannot', async () => {
    await expect(checkWritable(join(dir, 'none/below/f'))).resolves.toBeUndefined()
    await writeFile(join(dir, 'file'), '')
    const below = join(dir, 'file/none/f')
    await expect(checkWritable(below)).rejects.toMatchObject({ code: 'WRITE_FAILED' })
  })

  it('refuses a destination that is a folder, and takes one that is a file or free', async () => {
    await expect(checkWritable(dir)).rejects.toMatchObject({
      code: 'WRITE_FAILED'
    })
    await expect(checkWritable(join(dir, 'f'))).resolves.toBeUndefined()
    await writeAtomic(join(dir, 'f'), '')
    await expect(checkWritable(join(dir, 'f'))).resolves.toBeUndefined()
  })
})

describe('readBundle', () => {
  it('does not read what tells no size, which may have no end', async () => {
    const path = join(dir, 'f')
    await symlink('/proc/self/pagemap', path)
    expect(await readBundle(path)).toBe('')
  })

  it('knows one that is not there from one that cannot be read', async () => {
    const path = join(dir, 'f')
    expect(await readBundle(path)).toBeUndefined()
    await writeFile(path, '{}')
    expect(await readBundle(path)).toBe('{}')
    await expect(readBundle(join(path, 'f'))).rejects.toMatchObject({ code: 'BUNDLE_UNREADABLE' })
  })

  it('refuses at once what has no end, what nobody writes to, and what is too large', async () => {
    execFileSync('mkfifo', [join(dir, 'pipe')])
    await writeFile(join(dir, 'large'), '')
    await truncate(join(dir, 'large'), 64 * 1024 * 1024 + 1)
    for (const path of ['/dev/zero', join(dir, 'pipe'), dir, join(dir, 'large')]) {
      await expect(readBundle(path)).rejects.toMatchObject({ code: 'BUNDLE_UNREADABLE' })
    }
  })
})
