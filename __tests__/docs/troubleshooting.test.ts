import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const root = join(import.meta.dirname, '../..')

/** The codes that a page explains: those in the first column of its tables. */
async function explained(page: string): Promise<string[]> {
  const text = await readFile(join(root, 'docs', page), 'utf8')
  const rows = text.split('\n').filter(line => line.startsWith('| `'))
  return rows.flatMap(row =>
    [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].flatMap(([, code]) => code ?? [])
  )
}

describe('the pages about errors', () => {
  it('explain every code that a user can meet, once, and no other', async () => {
    const errors = await readFile(join(root, 'src/errors.ts'), 'utf8')
    const codes = [...errors.matchAll(/^ {2}\| '(\w+)'$/gm)].map(([, code]) => code)
    const both = [
      ...(await explained('troubleshooting.md')),
      ...(await explained('verification.md'))
    ]
    expect(both.sort()).toEqual([...codes, 'UNEXPECTED'].sort())
  })

  it('name no refusal of verify that no test through the action shows', async () => {
    const folder = join(root, '__tests__/e2e')
    const files = await readdir(folder, { recursive: true, withFileTypes: true })
    const tests = await Promise.all(
      files
        .filter(({ name }) => name.endsWith('.test.ts'))
        .map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8'))
    )
    const codes = await explained('verification.md')
    const untested = codes.filter(code => !tests.some(text => text.includes(code)))
    expect(untested).toEqual(UNREACHABLE)
  })
})

const UNREACHABLE = [
  // Behind a check that says it sooner, for callers of the library alone: a field of a bundle that is read has
  // a known algorithm; certificates are of P-256 or P-384 in every instance that exists.
  'DIGEST_ALGORITHM',
  'KEY_UNSUPPORTED',
  'CERTIFICATE_INVALID',
  // No input names a key.
  'BUNDLE_HAS_CERTIFICATE'
]
