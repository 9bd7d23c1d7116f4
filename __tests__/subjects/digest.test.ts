import { createHash, randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  hashForSigning,
  hashForVerifying,
  refuseDsse,
  refuseSimpleSigning
} from '../../src/subjects/digest.ts'
import { silent } from './digests/silent.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'digest-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true })
})

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

describe('hashForSigning', () => {
  it('refuses what DSSE signs, and a Git LFS pointer, and nothing that only resembles them', async () => {
    const real = join(dir, 'f')
    const signing = () => hashForSigning([{ name: 'f', real }], { log: silent })
    await writeFile(real, 'DSSEv1 28 application/vnd.in-toto+json 2 {}')
    await expect(signing()).rejects.toMatchObject({ code: 'FILE_IS_DSSE' })
    await writeFile(real, 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n')
    await expect(signing()).rejects.toMatchObject({ code: 'FILE_IS_LFS_POINTER' })
    await writeFile(real, 'DSSEv1')
    const [file] = await signing()
    expect(file).toMatchObject({ name: 'f', real, hashed: { digest: sha256('DSSEv1') } })
    expect(() => {
      refuseDsse(real, file?.hashed ?? { head: '' })
    }).not.toThrow()
  })
})

describe('a file that is what a legacy signature of an image is made over', () => {
  const payload = `{"Critical":{"image":{"docker-manifest-digest":"sha256:${'0'.repeat(64)}"}}}`

  it.each([
    ['as it is', payload],
    ['behind more white space than is known of its beginning', ' '.repeat(100) + payload],
    ['of more bytes than are kept', payload.padStart(2 * 1024 * 1024, '\n')]
  ])('is refused, to sign and to verify, %s', async (_, text) => {
    const real = join(dir, 'f')
    await writeFile(real, text)
    const refusal = expect.objectContaining({ code: 'FILE_IS_SIMPLE_SIGNING' })
    await expect(hashForSigning([{ real }], { log: silent })).rejects.toEqual(refusal)
    const [file] = await hashForVerifying([{ real }], { log: silent })
    const hashed = file?.hash()
    if (hashed === undefined) throw new Error('not hashed')
    expect(() => {
      refuseSimpleSigning(real, hashed)
    }).toThrow(refusal)
  })

  it('is not any other JSON, and one that changed meanwhile is refused', async () => {
    const real = join(dir, 'f')
    await writeFile(real, `[${payload}]`)
    const [file] = await hashForSigning([{ real }], { log: silent })
    if (file === undefined) throw new Error('not hashed')
    await writeFile(real, '{"weights":[]}')
    expect(() => {
      refuseSimpleSigning(real, { ...file.hashed, head: '{' })
    }).toThrow(expect.objectContaining({ code: 'FILE_CHANGED' }))
  })
})

describe('hashForVerifying', () => {
  it('keeps the content of a small file, and of no other', async () => {
    const real = join(dir, 'f')
    for (const size of [0, 1, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024]) {
      const bytes = randomBytes(size)
      await writeFile(real, bytes)
      const [file] = await hashForVerifying([{ real }], { log: silent })
      const hashed = file?.hash()
      expect(hashed?.digest).toBe(sha256(bytes))
      expect(hashed?.content?.equals(bytes)).toBe(size <= 1024 * 1024 ? true : undefined)
    }
  })

  it('takes what a small file has become by the time it is asked for', async () => {
    const real = join(dir, 'f')
    await writeFile(real, 'x')
    const [file] = await hashForVerifying([{ real }], { log: silent })
    const bytes = randomBytes(3 * 1024 * 1024)
    await writeFile(real, bytes)
    const hashed = file?.hash()
    expect(hashed?.digest).toBe(sha256(bytes))
    expect(hashed).not.toHaveProperty('content')
    await appendFile(real, 'y')
    expect(file?.hash().digest).toBe(sha256(Buffer.concat([bytes, Buffer.from('y')])))
  })

  it('says of each file what is wrong with it, when it is asked for', async () => {
    await writeFile(join(dir, 'large'), Buffer.alloc(2 * 1024 * 1024))
    const files = await hashForVerifying(
      ['none', 'large'].map(name => ({ real: join(dir, name) })),
      { log: silent }
    )
    expect(() => files[0]?.hash()).toThrow(expect.objectContaining({ code: 'FILE_UNREADABLE' }))
    expect(files[1]?.hash().digest).toBe(sha256(Buffer.alloc(2 * 1024 * 1024)))
  })
})
