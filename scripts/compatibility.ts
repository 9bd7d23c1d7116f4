/**
 * `compatibility.ts [--write] CELLS`: makes docs/compatibility.md of what the interop tests wrote into the file CELLS, and
 * fails when the page that is there differs; with `--write` it replaces that.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { PROGRAMS } from '../__tests__/interop/services/programs.ts'
import { checkPage, formatPage } from './page.ts'

/** Something that was done with somebody else's program, and worked. */
export type Cell = {
  program: string
  version: string
  direction: 'verifies ours' | 'we verify theirs' | 'carries ours' | 'keeps ours'
  what: string
  /** Of an image: what its registry has. */
  registry?: string
  /** Of a model: its kind. */
  model?: string
  log: string
  /** What was refused, in the same place. */
  refused: string[]
}

const PAGE = join(import.meta.dirname, '../docs/compatibility.md')

/** The page in Markdown: the same whatever order the cells came in. */
export async function render(cells: Cell[]): Promise<string> {
  const { fulcio, 'rekor-v1': v1, 'rekor-v2': v2, tsa } = PROGRAMS
  const images = cells.filter(({ registry }) => registry !== undefined)
  const models = cells.filter(({ model }) => model !== undefined)
  const files = cells.filter(cell => !images.includes(cell) && !models.includes(cell))
  const text = `# Compatibility

Written by \`.ci/interop\`, which fails when this page is not what its run showed. Each row is a test: of this action as it
is built and the program in that version, with real services (Fulcio ${fulcio.version}, Rekor ${v1.version} as v1, rekor-tiles
${v2.version} as v2, timestamp-authority ${tsa.version}). The last column is what was refused in that same test.

## Files

A statement (in-toto, in a DSSE envelope) of ours is signed by the action's code, since no input asks for one yet.
sigstore-python signs no statements but provenance, and verifies them whatever their predicate type.

${table(files, ['program', 'version', 'direction', 'what', 'log'])}

## Images

Each is an index of two platforms, and all three of its manifests are signed and verified. "Another image's signature" was
found by the program where the image's own would be, and was refused for what it says. cosign 2 does not sign annotations
into bundles, nor check them there, and makes no statement that Rekor v2 takes.

${table(images, ['program', 'version', 'direction', 'what', 'registry', 'log'])}

## Models

Each has one signature over all of its files (OpenSSF Model Signing). With a key or a chain of certificates, ours are made
and verified by the action's code through \`conformance/model-signing\`, since no input asks for that. cosign does not look
at the files: it believes the digest over the digests of all, which the sign step prints in the command to verify with; given
a model's only file in its place, it refuses.

${table(models, ['program', 'version', 'direction', 'model', 'what', 'log'])}
`
  return await formatPage(PAGE, text)
}

function table(cells: Cell[], columns: (keyof Cell)[]): string {
  const rows = cells.map(cell => [...columns.map(column => cell[column]), cell.refused.join(', ')])
  return [
    [...columns, 'refused'].join(' | '),
    Array.from({ length: columns.length + 1 }, () => '---').join(' | '),
    ...rows.map(row => row.join(' | ')).toSorted()
  ].join('\n')
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { write: { type: 'boolean', default: false } },
    allowPositionals: true
  })
  const lines = readFileSync(positionals[0] ?? '', 'utf8')
    .trim()
    .split('\n')
  const page = await render(lines.map(line => JSON.parse(line) as Cell))
  console.log(page)
  const writer = '.ci/interop --write'
  if (!checkPage(PAGE, page, { write: values.write, writer })) process.exitCode = 1
}

if (import.meta.main) await main()
