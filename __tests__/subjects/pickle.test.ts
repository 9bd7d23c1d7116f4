import { mkdtempSync, openSync, readSync, closeSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { findPickle, type Pickle } from '../../src/subjects/pickle.ts'
import samples from './pickles.json' with { type: 'json' }

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pickle-'))
  // Real ones, which pickles.py wrote.
  for (const [name, content] of Object.entries(samples)) {
    writeFileSync(join(dir, name), Buffer.from(content, 'base64'))
  }
})
afterAll(() => {
  rmSync(dir, { recursive: true })
})

function find(name: string, content?: Buffer | string): Pickle | undefined {
  const path = join(dir, name)
  if (content !== undefined) writeFileSync(path, content)
  const file = openSync(path, 'r')
  const buffer = Buffer.alloc(64)
  const head = buffer.toString('latin1', 0, readSync(file, buffer))
  closeSync(file)
  return findPickle({ name: `m/${name}`, path, head })
}

describe('findPickle', () => {
  it.each([0, 1, 2, 3, 4, 5])('knows pickles of protocol %i', protocol => {
    expect(find(`p${protocol}.bin`)?.why).toBe(
      protocol < 2 ? 'a pickle of protocol 0 or 1' : 'a pickle'
    )
    expect(find(`g${protocol}.pt`)?.why).toMatch(/^a pickle/)
    // Text under a name that no pickle has may be just that.
    expect(find(`p${protocol}.txt`)?.why).toBe(protocol < 2 ? undefined : 'a pickle')
  })

  it.each([
    ['old.pth', 'a PyTorch checkpoint (pickle)'],
    ['torch.bin', 'a PyTorch checkpoint (data.pkl)'],
    ['zip64.pt', 'a PyTorch checkpoint (data.pkl)'],
    ['other.zip', 'an archive with a pickle in it'],
    ['objects0.npz', 'a NumPy array of objects (pickle)'],
    ['objects8.npz', 'a NumPy array of objects (pickle)'],
    ['objects.npy', 'a NumPy array of objects (pickle)']
  ])('knows %s', (name, why) => {
    expect(find(name)).toEqual({
      name: `m/${name}`,
      why,
      instead: expect.stringMatching(/safetensors/)
    })
  })

  it('knows what joblib compresses', () => {
    const pickle = Buffer.concat([Buffer.from('\x80\x04\x95', 'latin1'), Buffer.alloc(100_000, 7)])
    expect(find('a', deflateSync(pickle))?.why).toBe('a compressed pickle (joblib)')
    expect(find('b', gzipSync(pickle))?.why).toBe('a compressed pickle (joblib)')
    expect(find('c.json.gz', gzipSync('{}'))).toBeUndefined()
  })

  it('goes by the name where the content does not tell', () => {
    expect(find('a.pkl', 'BZh91AY&SY')?.why).toBe('named .pkl, and of a content that does not tell')
    expect(find('A.PT', '\x00\x01')?.why).toMatch(/^named \.pt/)
    expect(find('a.bin', '\x00\x01')).toBeUndefined()
  })

  it.each(['numbers.npy', 'numbers0.npz', 'numbers8.npz', 'clean.keras'])('lets %s be', name => {
    expect(find(name)).toBeUndefined()
  })

  it('lets other formats be, whatever they are named', () => {
    // Its header is 640 bytes long, which begins as a pickle of protocol 2 does.
    const header = Buffer.from('{}'.padEnd(640))
    const length = Buffer.from([0x80, 0x02, 0, 0, 0, 0, 0, 0])
    expect(find('a.safetensors', Buffer.concat([length, header]))).toBeUndefined()
    expect(find('b.pt', Buffer.concat([length, header]))).toBeUndefined()
    expect(find('c.ckpt', 'GGUF\x03\0\0\0')).toBeUndefined()
    expect(find('vocab.txt', 'cat\ndog\n')).toBeUndefined()
    expect(find('empty.bin', '')).toBeUndefined()
  })

  it('passes over what is broken, or gone', () => {
    expect(find('a.npz', 'PK\x03\x04 and no more')).toBeUndefined()
    expect(
      find('b.npz', Buffer.concat([Buffer.from('PK\x03\x04PK\x05\x06'), Buffer.alloc(18, 0xff)]))
    ).toBeUndefined()
    expect(find('c', Buffer.from([0x1f, 0x8b, 1, 2, 3]))).toBeUndefined()
    const gone = { name: 'x', path: join(dir, 'gone'), head: 'PK\x03\x04' }
    expect(findPickle(gone)).toBeUndefined()
  })
})
