import { describe, expect, it } from '@jest/globals'
import { entryCell, entryUrl } from '../../src/runner/log-entry.ts'

const v1 = { logId: 'ab', version: 'v1' as const }
const v2 = { logId: 'ab', version: 'v2' as const }

describe('the address of a log entry', () => {
  it.each([
    ['https://rekor.sigstore.dev', 'https://search.sigstore.dev/?logIndex=7'],
    ['https://rekor.example/', 'https://rekor.example/api/v1/log/entries?logIndex=7']
  ])('in Rekor v1 is its index: %s', (url, address) => {
    expect(entryUrl({ ...v1, url, index: '7' })).toBe(address)
  })

  it.each([
    ['0', '000'],
    ['255', '000'],
    ['256', '001'],
    ['255999', '999'],
    ['256000', 'x001/000'],
    // docker/actions-toolkit#1176
    ['5035265', 'x019/669'],
    [String(256n * 1234067n), 'x001/x234/067'],
    ['9223372036854775807', 'x036/x028/x797/x018/x963/967']
  ])('in Rekor v2 is that of the bundle that holds it: %s', (index, path) => {
    const url = 'https://log2025-1.rekor.sigstore.dev'
    const address = `${url}/api/v2/tile/entries/${path}`
    expect(entryUrl({ ...v2, url, index })).toBe(address)
    expect(entryUrl({ ...v2, url: `${url}/`, index })).toBe(address)
    expect(entryCell({ ...v2, url, index })).toEqual({
      markup: `<a href="${address}">${index}</a>`
    })
  })

  it('is below the path of the log', () => {
    expect(entryUrl({ ...v2, url: 'https://sigstore.example/log', index: '1' })).toBe(
      'https://sigstore.example/log/api/v2/tile/entries/000'
    )
  })

  it.each([v1, v2])('is not there where nobody vouches for the index: $version', entry => {
    const url = 'https://log.example'
    expect(entryUrl({ ...entry, url })).toBeUndefined()
    expect(entryCell({ ...entry, url })).toEqual({ markup: `<code>${url}</code>` })
  })
})
