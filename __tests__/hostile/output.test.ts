import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { annotate, log } from '../../src/runner/log.ts'
import { fail } from '../../src/runner/fail.ts'
import { setOutputs } from '../../src/runner/outputs.ts'
import {
  code,
  composeSummary,
  fence,
  folded,
  heading,
  link,
  paragraph,
  table
} from '../../src/runner/summary.ts'
import { StepOutput } from '../e2e/commands.ts'
import { parseOutputs } from '../e2e/outputs.ts'
import { expectOnlyOurs, textOf } from './property.ts'

const HOSTILE = textOf(
  ...[
    '::error::',
    '::set-env name=A::',
    '##[',
    'error]',
    '::',
    '%0A',
    '\r',
    '\n',
    '\u2028',
    '\u200b:'
  ],
  ...[
    '<',
    '>',
    '&',
    '"',
    "'",
    '`',
    '```',
    '|',
    '*',
    '[x](y)',
    '<!--',
    '</td>',
    '@octocat',
    'eyJ',
    '.'
  ],
  ...['\u202e', '\ud800', '\0', '\u001b[2K', 'javascript:x', 'https://x.example/', ' ']
)

let written = ''
beforeAll(() => {
  jest.spyOn(process.stdout, 'write').mockImplementation(piece => {
    written += String(piece)
    return true
  })
})
afterEach(() => {
  written = ''
  process.exitCode = 0
})

describe('lines of output', () => {
  /** The runner's reading of what was written; it throws for a command that we have no reason to write. */
  function read(): { log: string; levels: string[] } {
    const output = new StepOutput()
    const lines = written.split(/\r\n|\r|\n/)
    expect(lines.pop()).toBe('')
    for (const line of lines) output.read(line)
    return { log: output.log, levels: output.annotations.map(({ level }) => level) }
  }

  it('of the log are no commands, whatever they say', async () => {
    await expectOnlyOurs(HOSTILE, text => {
      written = ''
      log.info(text)
      const { log: lines, levels } = read()
      expect(levels).toEqual([])
      expect(lines.split('\n')).toHaveLength(2)
      expect(lines).not.toMatch(/##\[|^\s*::|eyJ[\w-]+\.eyJ/)
    })
  })

  it('that annotate are one command each, and that one', async () => {
    await expectOnlyOurs(HOSTILE, text => {
      written = ''
      annotate('notice', text, { title: text, file: text })
      const { levels } = read()
      expect(written.split('\n')).toHaveLength(2)
      expect(levels.length).toBeLessThan(2)
      expect(levels.every(level => level === 'notice')).toBe(true)
    })
  })

  it('that say why a step fails are one error', async () => {
    await expectOnlyOurs(HOSTILE, text => {
      written = ''
      fail(new Error(text))
      expect(read().levels).toEqual(['error'])
      expect(written).toMatch(/ \[UNEXPECTED\]\n$/)
    })
  })

  it('that are for debugging are commands of that kind', async () => {
    await expectOnlyOurs(HOSTILE, text => {
      written = ''
      log.debug(text)
      expect(read()).toEqual({ log: '', levels: [] })
      expect(written).toMatch(/^::debug::[^\r\n]*\n$/)
    })
  })
})

describe('outputs', () => {
  let folder = ''
  const { GITHUB_OUTPUT } = process.env
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hostile-'))
    process.env.GITHUB_OUTPUT = join(folder, 'output')
  })
  afterAll(async () => {
    if (GITHUB_OUTPUT === undefined) delete process.env.GITHUB_OUTPUT
    else process.env.GITHUB_OUTPUT = GITHUB_OUTPUT
    await rm(folder, { recursive: true })
  })

  it('are these, with these values, whatever they are', async () => {
    await expectOnlyOurs(HOSTILE, async text => {
      await writeFile(join(folder, 'output'), '')
      setOutputs({ one: text, two: 'x' })
      const read = parseOutputs(await readFile(join(folder, 'output'), 'utf8'))
      expect(Object.keys(read)).toEqual(['one', 'two'])
      expect(read.two).toBe('x')
    })
  })
})

describe('the summary', () => {
  // What stays when all that we write ourselves is taken away: text in which nothing has a meaning.
  const OURS =
    /<\/?(?:h3|p|code|table|tr|th|td|details|summary)>|<a href="https:[^"<>\s]*">|<\/a>|&#\d+;/g

  it('has no Markdown or HTML but ours, whatever is in a cell', async () => {
    await expectOnlyOurs(HOSTILE, text => {
      const cells = [text, code(text), link(text, text), link(text, 'https://x.example/?a="b<c')]
      const summary = composeSummary(
        [heading(text), paragraph(text, code(text)), table([text, 'b'], [cells, cells])],
        text
      )
      for (const block of summary.split('\n\n').filter(each => each !== '')) {
        // One HTML block, which ends at a blank line only, so that nothing in it is Markdown.
        expect(block).toMatch(/^<(h3|p|table)>[^]*<\/\1>$/)
        expect(block).not.toMatch(/\n\s*(\n|$)/)
        expect(block.replace(OURS, '')).not.toMatch(/[<>&"']/)
      }
    })
  })

  it('keeps lines to copy within their fence', async () => {
    await expectOnlyOurs(HOSTILE, text => {
      // Short enough for no line to be left out.
      const row = text.slice(0, 100_000)
      const lines = composeSummary([folded(row, fence('sh', [row, row]))], '/r').split('\n')
      expect(lines).toHaveLength(10)
      expect(lines[0]).toMatch(/^<details><summary>[^<>]*<\/summary>$/)
      const ticks = /^(`{3,})sh$/.exec(lines[2] ?? '')?.[1] ?? ''
      const close = new RegExp(`^ {0,3}\`{${ticks.length},}\\s*$`)
      expect(lines.findIndex(line => close.test(line))).toBe(5)
      expect([lines[1], ...lines.slice(5)]).toEqual(['', ticks, '', '</details>', '', ''])
    })
  })
})
