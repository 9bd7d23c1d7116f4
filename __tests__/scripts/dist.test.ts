import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compareDist, type Dist, writeDist } from '../../scripts/dist.ts'

const dist: Dist = new Map([
  ['licenses.txt', Buffer.from('texts')],
  ['sign/index.js', Buffer.from('sign()')]
])
let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'dist-')), 'dist')
  writeDist(folder, dist)
})
afterEach(() => {
  rmSync(join(folder, '..'), { recursive: true })
})

describe('compareDist', () => {
  it('finds no difference in what was just written', () => {
    expect(compareDist(folder, dist)).toEqual([])
  })

  it('finds one changed byte', () => {
    writeFileSync(join(folder, 'sign/index.js'), 'Sign()')
    expect(compareDist(folder, dist)).toEqual(['differs: sign/index.js'])
  })

  it('finds a missing file', () => {
    rmSync(join(folder, 'licenses.txt'))
    expect(compareDist(folder, dist)).toEqual(['missing: licenses.txt'])
  })

  it('finds a file that is not part of the build', () => {
    writeFileSync(join(folder, 'sign/606.index.js'), '')
    expect(compareDist(folder, dist)).toEqual(['not built: sign/606.index.js'])
  })
})

describe('writeDist', () => {
  it('leaves nothing of an older build', () => {
    writeFileSync(join(folder, 'sign/606.index.js'), '')
    writeDist(folder, dist)
    expect(compareDist(folder, dist)).toEqual([])
  })
})
