import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { parseChecksums, type Checksum } from '../../src/subjects/checksums.ts'

const A = 'a'.repeat(64)
const B = 'b'.repeat(64)

const parse = (...texts: string[]): Checksum[] =>
  parseChecksums(texts.map((text, i) => ({ name: `list-${i + 1}`, text })))

const refused = (code: string, words: string): unknown =>
  expect.objectContaining({ code, message: expect.stringContaining(words) })

describe('parseChecksums', () => {
  it.each([
    [`${A}  f`, 'f'],
    [`${A} *f`, 'f'],
    [`${A}  ./sub/f`, 'sub/f'],
    [`${A}   f`, ' f'],
    [`${A}  *f`, '*f'],
    [`${A}  a  b`, 'a  b'],
    [`${A}  a\\nb`, 'a\\nb'],
    [`\\${A}  a\\nb\\\\n\\r`, 'a\nb\\n\r'],
    [`\\${A}  ./a\\\\b`, 'a\\b'],
    [`SHA256 (f) = ${A}`, 'f'],
    [`SHA256 (a) = (b)) = ${A}`, 'a) = (b)'],
    [`\\SHA256 (a\\\\b) = ${A}`, 'a\\b'],
    [`${A.toUpperCase()}  f`, 'f'],
    [`${A}  f\r`, 'f'],
    [`\u{FEFF}${A}  f`, 'f'],
    [`\n  \n${A}  f\n\n`, 'f']
  ])('reads %j', (text, name) => {
    expect(parse(text)).toEqual([{ name, sha256: A }])
  })

  it('reads what sha256sum prints of any name', () => {
    const dir = mkdtempSync(join(tmpdir(), 'checksums-'))
    try {
      const names = ['a', 'a\nb', 'a\\b', 'c\rd', ' e', 'é', 'sub/f', 'x  y', '*z', '\\']
      for (const name of names) {
        mkdirSync(join(dir, name, '..'), { recursive: true })
        writeFileSync(join(dir, name), name)
      }
      const expected = names
        .map(name => ({ name, sha256: createHash('sha256').update(name).digest('hex') }))
        .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
      const print = (options: string): string =>
        execFileSync('sh', ['-c', `find . -type f -exec sha256sum ${options} {} +`], {
          cwd: dir,
          encoding: 'utf8'
        })
      for (const options of ['', '--binary', '--tag'])
        expect(parse(print(options))).toEqual(expected)
    } finally {
      rmSync(dir, { recursive: true })
    }
  })

  it('merges several lists, sorted by the bytes of the names', () => {
    expect(parse(`${A}  \u{1F600}\n${A}  t/v`, `${B}  \u{FB01}\n${B}  t.json`)).toEqual([
      { name: 't.json', sha256: B },
      { name: 't/v', sha256: A },
      { name: '\u{FB01}', sha256: B },
      { name: '\u{1F600}', sha256: A }
    ])
  })

  it.each([
    [`${A}  f\n${A}  f`, '"f" is listed twice, in "list-1", line 1 and "list-1", line 2'],
    [`${A}  f\n${B}  ./f`, '"f" is listed twice'],
    [`${A}  d/e/f\n${B}  d`, '"d" is a file in "list-1", line 2, and a folder and "list-1", line 1']
  ])('refuses overlaps: %j', (text, words) => {
    expect(() => parse(text)).toThrow(refused('CHECKSUMS_OVERLAP', words))
    const [one = '', two = ''] = text.split('\n')
    expect(() => parse(one, two)).toThrow(refused('CHECKSUMS_OVERLAP', '"list-2", line 1'))
  })

  it.each([
    ...['/etc/passwd', '../x', 'a/../b', 'a//b', 'a/', '.', './', './/a', '././a', 'a/./b'],
    ...['-', 'a\0b', 'a\u{FFFD}b', 'a\u{D800}b', '..', './/', './..']
  ])('refuses the name %j', name => {
    expect(() => parse(`${A}  ${name}`)).toThrow(
      refused('CHECKSUMS_NAME_UNSAFE', '"list-1", line 1 names')
    )
  })

  it.each([
    [`${A} f`, 'is not a line of sha256sum'],
    [A, 'is not a line of sha256sum'],
    [`${A}  `, 'is not a line of sha256sum'],
    [`${'a'.repeat(63)}  f`, 'is not a line of sha256sum'],
    [`${'a'.repeat(65)}  f`, 'is not a line of sha256sum'],
    [`${'a'.repeat(128)}  f`, 'is not a line of sha256sum'],
    [`${'g'.repeat(64)}  f`, 'is not a line of sha256sum'],
    ['# a comment', 'is not a line of sha256sum'],
    [`MD5 (f) = ${A}`, 'is not a line of sha256sum'],
    [`\\${A}  a\\tb`, '"\\\\t" in its name stands for nothing'],
    [`\\${A}  a\\`, '"\\\\" in its name stands for nothing'],
    [`${A} * f`, 'git lfs ls-files --long | sed'],
    [`${A} - f`, 'git lfs ls-files --long | sed']
  ])('refuses the line %j', (line, words) => {
    expect(() => parse(`${B}  ok`, `\n${line}`)).toThrow(refused('CHECKSUMS_INVALID', words))
    expect(() => parse(`\n${line}`)).toThrow(refused('CHECKSUMS_INVALID', '"list-1", line 2'))
  })

  it('reads Git LFS by way of sed', () => {
    const lines = `${A} * a\n${B} - sub/b\n`
    const text = execFileSync('sed', ['s/ [*-] /  /'], { input: lines, encoding: 'utf8' })
    expect(parse(text).map(({ name }) => name)).toEqual(['a', 'sub/b'])
  })

  it('refuses no lines, and too many', () => {
    expect(() => parse()).toThrow(refused('CHECKSUMS_EMPTY', 'not one line'))
    expect(() => parse('\n', ' ')).toThrow(refused('CHECKSUMS_EMPTY', 'not one line'))
    const half = ' '.repeat(32 * 1024 * 1024)
    expect(() => parse(half, half)).toThrow(refused('CHECKSUMS_EMPTY', ''))
    expect(() => parse(half, half, ' ')).toThrow(refused('CHECKSUMS_TOO_LARGE', '67108865 bytes'))
  })

  it('reads 250,000 files and no more', () => {
    const lines = Array.from({ length: 250_000 }, (_, i) => `${A}  ${i}/f\n`).join('')
    expect(parse(lines)).toHaveLength(250_000)
    expect(() => parse(lines, `${A}  f`)).toThrow(refused('CHECKSUMS_TOO_LARGE', '250000 files'))
  })

  it('refuses a name that no file can have', () => {
    expect(parse(`${A}  ${'a/'.repeat(2047)}aa`)).toHaveLength(1)
    expect(() => parse(`${A}  ${'a/'.repeat(2048)}a`)).toThrow(
      refused('CHECKSUMS_NAME_UNSAFE', 'a/a/')
    )
  })
})
