import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const DIST = join(import.meta.dirname, '../../dist')

/** Only in the client: the service that it asks, and the storage that it writes to. */
const CLIENT = /ArtifactService|x-ms-blob-type/

function scripts(door: string): [string, string][] {
  const names = readdirSync(join(DIST, door)).filter(name => name.endsWith('.js'))
  return names.map(name => [name, readFileSync(join(DIST, door, name), 'utf8')])
}

describe('the client of the results service', () => {
  it('is no part of dist/verify', () => {
    for (const [, text] of scripts('verify')) expect(CLIENT.test(text)).toBe(false)
  })

  it('is in dist/sign, in a file that is read only to upload', () => {
    const holders = scripts('sign').filter(([, text]) => CLIENT.test(text))
    expect(holders.map(([name]) => name)).toEqual([expect.stringMatching(/^\d+\.index\.js$/)])
  })

  it('has its licences in the list', () => {
    const licenses = readFileSync(join(DIST, 'licenses.txt'), 'utf8')
    expect(licenses).toMatch(/^@actions\/artifact \S+ \(MIT\)$/m)
    expect(licenses).toMatch(/^@azure\/storage-blob \S+ \(MIT\)$/m)
    expect(licenses).toMatch(/^archiver \S+ \(MIT\)$/m)
  })
})
