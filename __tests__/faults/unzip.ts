import { closeSync, openSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { readEntryHead, readZipEntries } from '../../src/subjects/zip.ts'

/** The text of the one file in a zip archive. */
export async function onlyFile(zip: Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zip-'))
  try {
    await writeFile(join(folder, 'zip'), zip)
    const file = openSync(join(folder, 'zip'), 'r')
    try {
      const [entry, ...others] = readZipEntries(file, zip.length)
      if (entry?.deflated !== true || others.length > 0) throw new Error('not one deflated file')
      return inflateRawSync(readEntryHead(file, entry, zip.length)).toString('utf8')
    } finally {
      closeSync(file)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}
