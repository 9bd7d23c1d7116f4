import { readSync } from 'node:fs'

/** What a zip archive's directory says of a file in it. */
export type ZipEntry = { name: string; deflated: boolean; offset: number }

/** The end record with the longest comment, and the locator of zip64 before it. */
const TAIL = 22 + 0xffff + 20
const END = Buffer.from('PK\x05\x06')
const ENTRY = 0x02014b50
/** Of the directory, which a model's archive fills with some KiB. */
const MOST_BYTES = 8 * 1024 * 1024

/**
 * The names of what is in a zip archive, from the directory at its end (APPNOTE.TXT §4.3.12 to 16),
 * of which at most 8 MiB are read.
 *
 * @param file descriptor
 * @throws RangeError where there is no directory
 */
export function readZipEntries(file: number, size: number): ZipEntry[] {
  const tail = readAt(file, Math.max(0, size - TAIL), TAIL)
  const end = tail.lastIndexOf(END)
  let length = tail.readUInt32LE(end + 12)
  let offset = tail.readUInt32LE(end + 16)
  if (length === 0xffffffff || offset === 0xffffffff) {
    // zip64, which every checkpoint above 4 GiB is.
    const record = readAt(file, Number(tail.readBigUInt64LE(end - 12)), 56)
    length = Number(record.readBigUInt64LE(40))
    offset = Number(record.readBigUInt64LE(48))
  }
  const directory = readAt(file, offset, Math.min(length, MOST_BYTES))
  const entries: ZipEntry[] = []
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === ENTRY;) {
    const [name, extra, comment] = [28, 30, 32].map(i => directory.readUInt16LE(at + i)) as [
      number,
      number,
      number
    ]
    entries.push({
      name: directory.toString('latin1', at + 46, at + 46 + name),
      deflated: directory.readUInt16LE(at + 10) === 8,
      offset: directory.readUInt32LE(at + 42)
    })
    at += 46 + name + extra + comment
  }
  return entries
}

/** The first bytes of an entry as they are stored. */
export function readEntryHead(file: number, { offset }: ZipEntry, length: number): Buffer {
  const header = readAt(file, offset, 30)
  const start = offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  return readAt(file, start, length)
}

/** What there is of so many bytes. */
export function readAt(file: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length)
  return buffer.subarray(0, readSync(file, buffer, 0, length, position))
}
