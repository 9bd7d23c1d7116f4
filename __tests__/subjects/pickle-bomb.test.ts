import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { expect, it, jest } from '@jest/globals'

let inflated = 0
jest.unstable_mockModule('node:zlib', () => ({
  ...zlib,
  inflateRawSync: (...given: Parameters<typeof zlib.inflateRawSync>) => {
    const bytes = zlib.inflateRawSync(...given)
    inflated += bytes.length
    return bytes
  }
}))
const { findPickle } = await import('../../src/subjects/pickle.ts')

it('inflates little of archives of zeros that look like arrays', () => {
  const stored = zlib.deflateRawSync(Buffer.alloc(5_000_000)).subarray(0, 4096)
  const entry = Buffer.alloc(46 + 5)
  entry.writeUInt32LE(0x02014b50)
  entry.writeUInt16LE(8, 10)
  entry.writeUInt16LE(5, 28)
  entry.write('a.npy', 46)
  const directory = Buffer.concat(Array<Buffer>(64).fill(entry))
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(30 + stored.length, 16)
  const header = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(26)])
  const folder = mkdtempSync(join(tmpdir(), 'pickle-bomb-'))
  try {
    const path = join(folder, 'bomb.npz')
    writeFileSync(path, Buffer.concat([header, stored, directory, end]))
    expect(findPickle({ name: 'bomb.npz', path, head: 'PK\x03\x04' })).toBeUndefined()
  } finally {
    rmSync(folder, { recursive: true })
  }
  expect(inflated).toBeGreaterThan(0)
  expect(inflated).toBeLessThan(64 * 2 ** 18)
})
