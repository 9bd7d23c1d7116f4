import { join } from 'node:path'
import { formatPage } from '../../scripts/page.ts'
import { TROUBLES } from './faults.ts'
import { PLACES } from './places.ts'

export const PAGE = join(import.meta.dirname, '../../docs/faults.md')

/** What came of each trouble at a place: while it lasts, and where it passes. */
export type Outcomes = ReadonlyMap<string, { stays?: string; passes?: string }>

/**
 * The page in Markdown.
 * @param outcomes by the titles of places, then of troubles
 * @param kills how many steps there are at each place of a signing
 */
export async function render(
  outcomes: ReadonlyMap<string, Outcomes>,
  kills: ReadonlyMap<string, number>
): Promise<string> {
  const sections = PLACES.map(({ title }) => {
    const rows = TROUBLES.flatMap(trouble => {
      const end = outcomes.get(title)?.get(trouble.title)
      return end ? [[trouble.title, cell(end.passes), cell(end.stays)].join(' | ')] : []
    })
    return `## ${title}\n\nwhat goes wrong | it passes | it stays\n--- | --- | ---\n${rows.join('\n')}\n`
  })
  const not = TROUBLES.filter(({ not }) => not !== undefined).map(
    ({ title, not }) => `${title} | ${not ?? ''}`
  )
  const killed = [...kills].map(([place, count]) => `${place} | ${count}`)
  return await formatPage(
    PAGE,
    `# Faults

Written by \`npm run test:faults -- --write\`, from what signing did; the run without \`--write\` fails when this page is not what it
showed. Each cell is a run of the action as it is built, with services that fail in that way: once or twice ("it
passes"), or each time ("it stays"), then with a \`timeout\` of 2 seconds. Those with the artifact's services
have \`publish: artifact\`; otherwise a bundle is beside its file although the upload failed.

\`signed\` means that the step ended well, that the bundle or the attachment is in every place where it was to go, and that
the verify action then accepts what is there. A code means that the step failed, that the error names the service, and
that nothing claims to be signed: no bundle beside the file, no artifact, no attachment, no output. \`attached\` behind a code: the
registry kept what it said that it does not take, and the verify action accepts it. In every run no secret was in any output, nor
in a request to another host than the one it is for. The codes: [of services](troubleshooting.md), [of what they answer](verification.md).

${sections.join('\n')}
## kill -9

A signing of a file and an image was killed at each of these steps, and signed again: what the first left verified,
the second ended well, and nothing half-written or temporary was left beside the file.

killed while it waits for | at each of so many requests, or before each write
--- | ---
${killed.join('\n')}

## What has no meaning

An empty cell under "it passes": an answer that is wrong is not asked for again, as a second one could hide the
first. Some of the rows are in some of the tables only:

what goes wrong | where it has no meaning, or why
--- | ---
${not.join('\n')}

## What is not recovered

- A log of Rekor v2 that was closed in the middle of a run (405, \`REKOR_FROZEN\`): the signing config of a public instance is
  fetched by TUF in each run, seconds before the log is asked, so a second look would find the same. Run again.
- The library that uploads artifacts copies all of an answer again for each piece that arrives: half a gigabyte from the results
  service is a minute of work before the step fails, whatever \`timeout\` says. The TUF library takes half a minute for a server that never answers.
`
  )
}

function cell(end: string | undefined): string {
  if (end === undefined) return ''
  return end.replace(/^[A-Z_]{3,}/, code => `\`${code}\``)
}
