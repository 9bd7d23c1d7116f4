import { execFileSync } from 'node:child_process'
import { mkdtempSync, openSync, readSync, closeSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { findPickle, type Pickle } from '../../src/subjects/pickle.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pickle-'))
  // Real ones, by Python's own library.
  const script = `
import io, pickle, sys, zipfile, struct
value = {'weights': [1.0] * 1000}
for protocol in range(6):
    open(f'p{protocol}.bin', 'wb').write(pickle.dumps(value, protocol))
    open(f'g{protocol}.pt', 'wb').write(pickle.dumps(io.BytesIO, protocol))
    open(f'p{protocol}.txt', 'wb').write(pickle.dumps(value, protocol))
open('old.pth', 'wb').write(pickle.dumps(0x1950a86a20f9469cfc6c, 2) + pickle.dumps(1001, 2))
def npy(descr):
    header = ("{'descr': %s, 'fortran_order': False, 'shape': (3,), }" % descr).ljust(117) + '\\n'
    return b'\\x93NUMPY\\x01\\x00' + struct.pack('<H', len(header)) + header.encode() + b"'O'" * 8
def archive(path, files, **how):
    with zipfile.ZipFile(path, 'w', **how) as zip:
        for name, data in files.items(): zip.writestr(name, data)
archive('torch.bin', {'archive/data.pkl': b'x', 'archive/data/0': bytes(100)})
archive('other.zip', {'model/a.joblib': b'x'})
archive('clean.keras', {'metadata.json': b'{}', 'data.pkl.txt': b''})
for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
    archive(f'objects{how}.npz', {'a.npy': npy("'<f4'"), 'b.npy': npy("'|O'")}, compression=how)
    archive(f'numbers{how}.npz', {'a.npy': npy("'<f4'")}, compression=how)
open('objects.npy', 'wb').write(npy("[('a', '<i4'), ('b', '|O')]"))
open('numbers.npy', 'wb').write(npy("'<f4'"))
zip64 = zipfile.ZipFile('zip64.pt', 'w')
zip64.writestr('m/data.pkl', b'x')
zip64.close()
data = bytearray(open('zip64.pt', 'rb').read())
end = data.rindex(b'PK\\x05\\x06')
size, offset = struct.unpack('<II', data[end + 12:end + 20])
record = struct.pack('<IQHHIIQQQQ', 0x06064b50, 44, 45, 45, 0, 0, 1, 1, size, offset)
locator = struct.pack('<IIQI', 0x07064b50, 0, end, 1)
data[end + 12:end + 20] = b'\\xff' * 8
open('zip64.pt', 'wb').write(data[:end] + record + locator + data[end:])
`
  execFileSync('python3', ['-c', script], { cwd: dir })
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
