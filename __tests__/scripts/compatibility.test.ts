import { describe, expect, it } from '@jest/globals'
import { type Cell, render } from '../../scripts/compatibility.ts'

const cosign: Cell = {
  program: 'cosign',
  version: '3.1.3',
  direction: 'verifies ours',
  what: 'a file',
  log: 'Rekor v1',
  refused: ['a changed byte', 'another issuer']
}
const other: Cell = { ...cosign, version: '2.6.5' }

describe('the page of the compatibility', () => {
  it('has a row for each cell, in the same order whichever ran first', async () => {
    const page = await render([cosign, other])
    const rows = page.split('\n').filter(line => line.startsWith('| cosign'))
    expect(rows.map(row => row.split(/ *\| */).slice(1, -1))).toStrictEqual([
      ['cosign', '2.6.5', 'verifies ours', 'a file', 'Rekor v1', 'a changed byte, another issuer'],
      ['cosign', '3.1.3', 'verifies ours', 'a file', 'Rekor v1', 'a changed byte, another issuer']
    ])
    expect(await render([other, cosign])).toBe(page)
  })

  it('has images in a table of their own, with their registries', async () => {
    const image: Cell = { ...cosign, what: 'an image', registry: 'with the referrers API' }
    const [files = '', images = ''] = (await render([image, cosign])).split('## Images')
    const rows = (of: string): string[][] =>
      of
        .split('\n')
        .filter(line => line.startsWith('| cosign'))
        .map(row => row.split(/ *\| */).slice(4, 6))
    expect(rows(files)).toStrictEqual([['a file', 'Rekor v1']])
    expect(rows(images)).toStrictEqual([['an image', 'with the referrers API']])
  })

  it('has models in a table of their own, with their kinds', async () => {
    const model: Cell = { ...cosign, what: 'verified', model: 'a folder' }
    const [before = '', models = ''] = (await render([model, cosign])).split('## Models')
    const rows = (of: string): string[][] =>
      of
        .split('\n')
        .filter(line => line.startsWith('| cosign'))
        .map(row => row.split(/ *\| */).slice(4, 7))
    expect(rows(before)).toStrictEqual([['a file', 'Rekor v1', 'a changed byte, another issuer']])
    expect(rows(models)).toStrictEqual([['a folder', 'verified', 'Rekor v1']])
  })
})
