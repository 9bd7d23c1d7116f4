import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { licenseFile } from '../../scripts/licenses.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'licenses-'))
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

function addPackage(
  folder: string,
  manifest: Record<string, unknown>,
  files: Record<string, string> = { LICENSE: 'the text' }
): string {
  const path = join(root, folder)
  mkdirSync(path)
  writeFileSync(
    join(path, 'package.json'),
    JSON.stringify({ name: folder, version: '1.0.0', license: 'MIT', ...manifest })
  )
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}

describe('licenseFile', () => {
  it('lists each package once, sorted, with name, version, licence, text and notice', () => {
    const b = addPackage('b', {}, { 'license.md': 'b\r\ntext', NOTICE: 'b notice' })
    const again = addPackage('copy', { name: 'b' }, { 'license.md': 'b\ntext' })
    const a = addPackage('a', { license: 'ISC' })
    const file = licenseFile([again, b, a])
    expect(file.match(/^\S+ \S+ \(.+\)$/gm)).toEqual(['a 1.0.0 (ISC)', 'b 1.0.0 (MIT)'])
    expect(file).toContain('the text\n')
    expect(file).toContain('b\ntext\n')
    expect(file).not.toContain('\r')
  })

  it('hands a notice along with the text', () => {
    const file = licenseFile([addPackage('a', {}, { LICENSE: 'text', 'NOTICE.txt': 'notice' })])
    expect(file).toContain('text\n\nnotice\n')
  })

  it('refuses a package without a text', () => {
    const bare = addPackage('bare', { repository: { url: 'r' } }, { 'README.md': 'MIT' })
    const other = addPackage('other', { repository: { url: 'elsewhere' } })
    expect(() => licenseFile([bare, other])).toThrow('bare 1.0.0: no licence text in the package')
  })

  it('takes the text of a package of the same repository under the same licence', () => {
    const bare = addPackage('bare', { repository: 'r' }, {})
    const sibling = addPackage('sibling', { repository: { url: 'r' } })
    expect(licenseFile([bare, sibling])).toContain('bare 1.0.0 (MIT)\n\nthe text\n')
    const homeless = addPackage('homeless', {}, {})
    const other = addPackage('other', {})
    expect(() => licenseFile([homeless, other])).toThrow('homeless 1.0.0: no licence text')
    const changed = addPackage('changed', { repository: 'r', license: 'ISC' })
    expect(() => licenseFile([bare, changed])).toThrow('bare 1.0.0: no licence text')
  })

  it('takes the text of another package of its author under the same licence', () => {
    const bare = addPackage('bare', { author: 'A. Author', repository: 'r' }, {})
    const other = addPackage('other', { author: { name: 'A. Author' }, repository: 'elsewhere' })
    expect(licenseFile([bare, other])).toContain('bare 1.0.0 (MIT)\n\nthe text\n')
    const stranger = addPackage('stranger', { author: 'B. Author' })
    expect(() => licenseFile([bare, stranger])).toThrow('bare 1.0.0: no licence text')
    const changed = addPackage('changed', { author: 'A. Author', license: 'ISC' })
    expect(() => licenseFile([bare, changed])).toThrow('bare 1.0.0: no licence text')
  })

  it('allows several licences at once where each is allowed', () => {
    const both = addPackage('both', { license: '(Apache-2.0 AND BSD-3-Clause)' })
    expect(licenseFile([both])).toContain('both 1.0.0 ((Apache-2.0 AND BSD-3-Clause))')
  })

  it.each([['GPL-3.0-only'], [undefined], ['(MIT OR GPL-3.0-only)'], ['(MIT AND GPL-3.0-only)']])(
    'refuses the licence %s',
    license => {
      expect(() => licenseFile([addPackage('a', { license })])).toThrow(
        `a 1.0.0: licence ${license ?? 'unknown'} is not allowed`
      )
    }
  )
})
