import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'

const root = join(import.meta.dirname, '../..')

it('explains every code that a user can meet, and no other', async () => {
  const errors = await readFile(join(root, 'src/errors.ts'), 'utf8')
  const page = await readFile(join(root, 'docs/troubleshooting.md'), 'utf8')
  const codes = [...errors.matchAll(/^ {2}\| '(\w+)'$/gm)].map(([, code]) => code)
  const rows = page.split('\n').filter(line => line.startsWith('| `'))
  const explained = rows.flatMap(row =>
    [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, code]) => code)
  )
  expect(explained.sort()).toEqual([...codes, 'UNEXPECTED'].sort())
})
