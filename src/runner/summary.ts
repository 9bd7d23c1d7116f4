import { summary } from '@actions/core'
import { log } from './log.ts'
import { cut, sanitize } from './text.ts'

/**
 * HTML that is safe in a job summary. Everything but a fence is an HTML block of one line, which
 * Markdown leaves alone until a blank line (CommonMark 4.6): in there only HTML's own characters
 * have a meaning, and pipes, backticks, stars and brackets from outside have none.
 */
export type Markup = { readonly markup: string }

/** Rows that may be cut to fit. */
export type Rows = { open: string; rows: string[]; close: string; noun: string }

/** A string is text, and is escaped. Values from outside are better as `code`: no one is mentioned in there. */
export type Cell = string | Markup

/** Above this the runner drops the whole summary (`FileCommandManager.cs`: `_attachmentSizeLimit`). */
const LARGEST = 1024 * 1024

/** The longest value from outside that is shown whole, in characters: all of a Fulcio identity. */
const LONGEST_VALUE = 1000

export function heading(title: string): Markup {
  return { markup: `<h3>${escape(title)}</h3>` }
}

export function paragraph(...parts: Cell[]): Markup {
  return { markup: `<p>${parts.map(render).join('')}</p>` }
}

export function code(text: string): Markup {
  return { markup: `<code>${escape(text)}</code>` }
}

/** Text with a link; without one where the address is no plain https address. */
export function link(text: string, address: string): Markup {
  const url = URL.parse(address)
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return code(text)
  return { markup: `<a href="${escape(url.href, Infinity)}">${escape(text)}</a>` }
}

export function table(header: string[], rows: Cell[][]): Rows {
  const line = (tag: string, cells: Cell[]) =>
    `<tr>${cells.map(cell => `<${tag}>${render(cell)}</${tag}>`).join('')}</tr>`
  return {
    open: `<table>${line('th', header)}`,
    rows: rows.map(cells => `\n${line('td', cells)}`),
    close: '\n</table>',
    noun: 'rows'
  }
}

/** Lines to copy, such as commands, coloured as their language. The fence is longer than any run of backticks in them. */
export function fence(language: 'sh' | 'text' | 'yaml', lines: string[]): Rows {
  const rows = lines.map(sanitize)
  const runs = rows.flatMap(row => row.match(/`+/g) ?? [])
  const longest = runs.reduce((most, { length }) => Math.max(most, length), 2)
  const ticks = '`'.repeat(longest + 1)
  return {
    open: `${ticks}${language}`,
    rows: rows.map(row => `\n${row}`),
    close: `\n${ticks}`,
    noun: 'lines'
  }
}

/** A block that is shown when its title is clicked. */
export function folded(title: string, block: Rows): Rows {
  return {
    ...block,
    open: `<details><summary>${escape(title)}</summary>\n\n${block.open}`,
    close: `${block.close}\n\n</details>`
  }
}

/**
 * The summary as text of at most `limit` bytes. Rows give way, each block having its share; what
 * was cut is counted, and said to be in the results.
 */
export function composeSummary(
  sections: (Markup | Rows)[],
  resultsPath: string,
  limit = LARGEST
): string {
  const blank = sections.map(section =>
    'rows' in section ? fit(section, resultsPath, 0) : section.markup
  )
  let room = limit - Buffer.byteLength(join(blank))
  let waiting = sections.filter(section => 'rows' in section).length
  const parts = sections.map((section, index) => {
    if (!('rows' in section)) return section.markup
    const least = blank[index] ?? ''
    const part = fit(section, resultsPath, Math.floor(room / waiting))
    room -= Buffer.byteLength(part) - Buffer.byteLength(least)
    waiting -= 1
    return part
  })
  const whole = join(parts)
  if (Buffer.byteLength(whole) <= limit) return whole
  return join([paragraph('The summary is too long to show; see ', code(resultsPath)).markup])
}

/** Write the job summary. It is a courtesy: where it cannot be written, a warning says so. */
export async function writeSummary(
  sections: (Markup | Rows)[],
  resultsPath: string
): Promise<void> {
  try {
    await summary.addRaw(composeSummary(sections, resultsPath)).write()
  } catch (error) {
    log.warning(`The job summary could not be written: ${String(error)}`)
  }
}

/** As many rows as fit into `room` bytes, and a line about the others. */
function fit(block: Rows, resultsPath: string, room: number): string {
  let used = 0
  const shown = block.rows.findIndex(row => (used += Buffer.byteLength(row)) > room)
  const whole = `${block.open}${block.rows.join('')}${block.close}`
  if (shown === -1) return whole
  const rest = `${block.rows.length - shown} more ${block.noun} are not shown; all are in `
  const cut = `${block.open}${block.rows.slice(0, shown).join('')}${block.close}`
  return `${cut}\n\n${paragraph(rest, code(resultsPath)).markup}`
}

function join(parts: string[]): string {
  return parts.map(part => `${part}\n\n`).join('')
}

function render(cell: Cell): string {
  return typeof cell === 'string' ? escape(cell) : cell.markup
}

function escape(text: string, limit = LONGEST_VALUE): string {
  return cut(sanitize(text), limit).replace(
    /[&<>"']/g,
    character => `&#${character.charCodeAt(0)};`
  )
}
