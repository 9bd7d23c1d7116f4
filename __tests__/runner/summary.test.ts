import { describe, expect, it } from '@jest/globals'
import {
  code,
  composeSummary,
  fence,
  heading,
  link,
  paragraph,
  table
} from '../../src/runner/summary.ts'
import { runScript } from '../e2e/script.ts'

const HOSTILE = `"><img src=x onerror='a'>|\`*_[x](https://evil)</code></table>\n\n# h\u202e &lt;`
const SAFE =
  '&#34;&#62;&#60;img src=x onerror=&#39;a&#39;&#62;|`*_[x](https://evil)&#60;/code&#62;&#60;/table&#62; # h &#38;lt;'

describe('what comes from outside', () => {
  it.each([
    ['in code', code(HOSTILE).markup, `<code>${SAFE}</code>`],
    ['in a paragraph', paragraph('by ', HOSTILE).markup, `<p>by ${SAFE}</p>`],
    ['in a heading', heading(HOSTILE).markup, `<h3>${SAFE}</h3>`],
    ['in a cell', table(['a'], [[HOSTILE]]).rows[0], `\n<tr><td>${SAFE}</td></tr>`],
    ['in a link', link(HOSTILE, 'https://a/').markup, `<a href="https://a/">${SAFE}</a>`]
  ])('is text: %s', (_, markup, expected) => {
    expect(markup).toBe(expected)
  })

  it('leaves no blank line, after which Markdown would begin again', () => {
    const summary = composeSummary(
      [paragraph(HOSTILE), table([HOSTILE], [[code(HOSTILE)]])],
      HOSTILE
    )
    expect(summary.trim().split('\n\n')).toHaveLength(2)
  })

  it('is cut when it is long', () => {
    expect(code('x'.repeat(5000)).markup).toBe(`<code>${'x'.repeat(999)}…</code>`)
  })
})

describe('a link', () => {
  it('is percent-encoded', () => {
    expect(link('t', `https://h/a"b'c<d e\n?f=é&g`).markup).toBe(
      '<a href="https://h/a%22b&#39;c%3Cd%20e?f=%C3%A9&#38;g">t</a>'
    )
  })

  it.each([
    'http://h/',
    'javascript:alert(1)',
    'data:text/html,x',
    'https://u@h/',
    'https://:p@h/',
    'nonsense',
    ''
  ])('is none for %j', address => {
    expect(link('t', address)).toEqual(code('t'))
  })
})

describe('a fence', () => {
  it('has room for more lines than a call has arguments', () => {
    expect(
      fence(
        'sh',
        Array.from({ length: 300_000 }, () => '`a')
      ).open
    ).toBe('```sh')
  })

  it('is longer than what is in it', () => {
    const { open, rows, close } = fence('text', ['a ```` b', '```', 'c\n```\nd'])
    expect([open, ...rows, close].join('')).toBe('`````text\na ```` b\n```\nc ``` d\n`````')
  })

  it('has three backticks at least', () => {
    expect(fence('sh', ['a']).open).toBe('```sh')
  })
})

describe('a summary', () => {
  const rows = (count: number) => Array.from({ length: count }, (_, index) => [`row é ${index}`])
  const bytes = (text: string) => Buffer.byteLength(text)

  it('holds everything that fits', () => {
    expect(composeSummary([heading('H'), table(['a', 'b'], [['c', code('d')]])], '/r')).toBe(
      '<h3>H</h3>\n\n<table><tr><th>a</th><th>b</th></tr>\n<tr><td>c</td><td><code>d</code></td></tr>\n</table>\n\n'
    )
  })

  it('fits into 1 MiB of bytes, and says how many rows it has not', () => {
    const summary = composeSummary(
      [heading('H'), table(['a'], rows(100_000)), paragraph('end')],
      '/r'
    )
    expect(bytes(summary)).toBeLessThanOrEqual(1024 * 1024)
    expect(bytes(summary)).toBeGreaterThan(1024 * 1024 - 200)
    const shown = summary.match(/<td>/g)?.length ?? 0
    expect(summary.slice(-200)).toContain(
      `\n</table>\n\n<p>${100_000 - shown} more rows are not shown; all are in <code>/r</code></p>\n\n<p>end</p>`
    )
  })

  it('shares its room among tables and fences', () => {
    const lines = rows(1000).flat()
    const summary = composeSummary([table(['a'], rows(1000)), fence('sh', lines)], '/r', 5000)
    expect(bytes(summary)).toBeLessThanOrEqual(5000)
    expect(summary).toMatch(/\d+ more rows are.*\n\n```sh\n(row é \d+\n)+```\n\n<p>\d+ more lines/)
  })

  it('gives the room that one leaves to the next', () => {
    const some = rows(100)
    const alone = bytes(composeSummary([table(['a'], some)], '/r'))
    const summary = composeSummary([table(['b'], [['c']]), table(['a'], some)], '/r', alone + 200)
    expect(summary).not.toContain('more rows')
  })

  it.each([0, 1, 2, 50, 99, 100])('fits whatever the limit: %d bytes less', less => {
    const sections = [table(['a'], rows(9)), fence('sh', ['b']), table(['c'], rows(3))]
    const limit = bytes(composeSummary(sections, '/r')) - less
    expect(bytes(composeSummary(sections, '/r', limit))).toBeLessThanOrEqual(limit)
  })

  it('is one sentence where what cannot be cut is too long', () => {
    const summary = composeSummary(
      rows(100).map(([row = '']) => paragraph(row)),
      '/r',
      1000
    )
    expect(summary).toBe('<p>The summary is too long to show; see <code>/r</code></p>\n\n')
  })

  it('is written where the runner looks for it', async () => {
    const { summary } = await runScript(
      `import { heading, writeSummary } from 'src/runner/summary.ts'
       await writeSummary([heading('H')], '/r')`
    )
    expect(summary).toBe('<h3>H</h3>\n\n')
  })

  it('that cannot be written is a warning', async () => {
    const { annotations, exitCode } = await runScript(
      `import { heading, writeSummary } from 'src/runner/summary.ts'
       await writeSummary([heading('H')], '/r')`,
      { env: { GITHUB_STEP_SUMMARY: '/nowhere/summary' } }
    )
    expect(exitCode).toBe(0)
    expect(annotations[0]?.level).toBe('warning')
    expect(annotations[0]?.message).toMatch(/^The job summary could not be written: /)
  })
})
