import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { extname } from 'node:path'
import { inflateRawSync, unzipSync, constants as zlib } from 'node:zlib'
import { readAt, readEntryHead, readZipEntries } from './zip.ts'

/** A file that runs code of whoever made it when it is loaded. */
export type Pickle = {
  name: string
  /** What it was recognised by. */
  why: string
  /** What to use in its place. */
  instead: string
}

type Found = Omit<Pickle, 'name'>

/** What is read where the beginning of a file has to tell more. */
const HEAD = 4096

/** The same where it is deflated: zeros become a thousand times as many. */
const DEFLATED_HEAD = 256

/** Arrays of an archive that are looked at. */
const MOST_ARRAYS = 64

// pickletools.opcodes
const OPCODE = /[().0-2BCF-NP-VXa-eg-jlo-u[\]{}\x80-\x98]/
// Protocols 0 and 1 begin like text, which a list of words may be, too: only with a name like that.
const OLD_PICKLE = /^(?:c[\w.]+\n[\w.]+\n|\((?:c[\w.]+\n|[dl]p?\d*\n)|[\]}]q\0)/
// The number that torch.save wrote first until 2020 (torch/serialization.py, MAGIC_NUMBER).
const TORCH = '\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19'
const ZIP = 'PK\x03\x04'
const NUMPY = '\x93NUMPY'
const OBJECTS = /'\|?O\d*'/
// zlib and gzip, in which joblib compresses.
const DEFLATED = ['x\x01', 'x^', 'x\x9c', 'x\xda', '\x1f\x8b']
const OTHER_FORMAT = /^(?:GGUF|\x89HDF|[\s\S]{6}\0\0\{)/

const PICKLED = new Set(['.pkl', '.pickle', '.joblib', '.pt', '.pth', '.ckpt'])
const OFTEN_PICKLED = new Set([...PICKLED, '.bin', '.dat', '.data', '.model'])

const TENSORS = 'safetensors (safetensors.torch.save_file)'
const ARRAYS = 'arrays of numbers (numpy.save with allow_pickle=False), or safetensors'
const ANY = 'safetensors or ONNX for weights, skops for estimators of scikit-learn'

/**
 * Find out whether a file is a Python pickle, or holds one: to load it is to run what its maker
 * put in, so that nothing but the signature speaks for it. Nothing is unpickled; a few KiB are read,
 * of an archive its directory. The content decides; the name only where that cannot tell.
 *
 * It warns, and checks nothing: a file that is made to look like another passes.
 *
 * @param file.head its first 64 bytes, one character each, as `hashFiles` has them
 */
export function findPickle({
  name,
  path,
  head
}: {
  name: string
  path: string
  head: string
}): Pickle | undefined {
  const extension = extname(path).toLowerCase()
  const found = byContent(path, head) ?? byName(head, extension)
  return found && { name, ...found }
}

function byContent(path: string, head: string): Found | undefined {
  if (head.startsWith(TORCH)) return { why: 'a PyTorch checkpoint (pickle)', instead: TENSORS }
  if (isPickle(head)) return { why: 'a pickle', instead: ANY }
  // Most of many files need not be opened again.
  if (head.startsWith(ZIP)) return look(path, inZip)
  if (head.startsWith(NUMPY)) return look(path, file => inArray(readAt(file, 0, HEAD)))
  if (!DEFLATED.some(magic => head.startsWith(magic))) return undefined
  return look(path, file => {
    const start = unzipSync(readAt(file, 0, DEFLATED_HEAD), { finishFlush: zlib.Z_SYNC_FLUSH })
    if (!isPickle(start.toString('latin1', 0, 3))) return undefined
    return { why: 'a compressed pickle (joblib)', instead: ANY }
  })
}

/**
 * PROTO, 0 to 5, then an opcode: the two bytes alone are too little, since the length that a
 * safetensors file begins with may be the same.
 */
function isPickle(head: string): boolean {
  return head.startsWith('\x80') && head.charCodeAt(1) <= 5 && OPCODE.test(head.charAt(2))
}

function byName(head: string, extension: string): Found | undefined {
  if (OFTEN_PICKLED.has(extension) && OLD_PICKLE.test(head)) {
    return { why: 'a pickle of protocol 0 or 1', instead: ANY }
  }
  const told = [ZIP, NUMPY].some(magic => head.startsWith(magic)) || OTHER_FORMAT.test(head)
  if (told || !PICKLED.has(extension)) return undefined
  return { why: `named ${extension}, and of a content that does not tell`, instead: ANY }
}

function inZip(file: number): Found | undefined {
  const entries = readZipEntries(file, fstatSync(file).size)
  if (entries.some(({ name }) => /(?:^|\/)data\.pkl$/.test(name))) {
    return { why: 'a PyTorch checkpoint (data.pkl)', instead: TENSORS }
  }
  const pickle = entries.find(({ name }) => PICKLED.has(extname(name).toLowerCase()))
  if (pickle) return { why: 'an archive with a pickle in it', instead: ANY }
  for (const entry of entries.filter(({ name }) => name.endsWith('.npy')).slice(0, MOST_ARRAYS)) {
    const stored = readEntryHead(file, entry, entry.deflated ? DEFLATED_HEAD : HEAD)
    const start = entry.deflated
      ? inflateRawSync(stored, { finishFlush: zlib.Z_SYNC_FLUSH })
      : stored
    const found = inArray(start.subarray(0, HEAD))
    if (found) return found
  }
  return undefined
}

/** https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
function inArray(start: Buffer): Found | undefined {
  const header = start.subarray(0, start.indexOf('}')).toString('latin1')
  if (!OBJECTS.test(header)) return undefined
  return { why: 'a NumPy array of objects (pickle)', instead: ARRAYS }
}

/** A file that is broken, or gone by now, is nothing to warn of. */
function look(path: string, read: (file: number) => Found | undefined): Found | undefined {
  let file: number | undefined
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    return read(file)
  } catch {
    return undefined
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
