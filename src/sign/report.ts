import { KeylessError } from '../errors.ts'
import { entryCell, entryUrl } from '../runner/log-entry.ts'
import { annotate, log } from '../runner/log.ts'
import { setOutputs, writeResults } from '../runner/outputs.ts'
import {
  code,
  fence,
  folded,
  heading,
  paragraph,
  table,
  writeSummary,
  type Markup,
  type Rows
} from '../runner/summary.ts'
import { describeIdentity, type CertificateIdentity } from '../trust/identity.ts'
import { bundlePath } from '../storage/local.ts'
import { cosignCommand } from './commands.ts'
import type { Signed, Signing } from './run.ts'

type ReportOptions = {
  /** The step's, for the results. */
  folder: string
  /** The folder of all bundles. */
  bundles: string
  /** The lines of the input. */
  files: string[]
  /** What the summary tells others to use. */
  verifyAction: string
  showSummary: boolean
}

/**
 * Tell later steps and people what was signed, and fail when a bundle did not get to its place.
 *
 * @throws KeylessError PUBLISH_FAILED
 */
export async function report(
  { subjects, leftOut, instance }: Signing,
  { folder, bundles, files, verifyAction, showSummary }: ReportOptions
): Promise<void> {
  const published = subjects.filter(subject => 'path' in subject.published)
  const commands = published.map(({ name, verified }) =>
    cosignCommand(name, verified.identity, instance.trustedRootPath)
  )
  const resultsPath = await writeResults(folder, { subjects: subjects.map(toResult) })
  setOutputs({
    'results-path': resultsPath,
    'bundle-dir': bundles,
    signed: String(published.length),
    'verify-commands': commands.join('\n')
  })
  for (const { name } of published) log.info(`Signed ${name}`)
  for (const name of leftOut) log.info(`Left out ${name}, which is a bundle itself.`)
  if (showSummary)
    await writeSummary(summarize(subjects, leftOut, commands, { files, verifyAction }), resultsPath)

  for (const { name, published } of subjects) {
    if ('error' in published) annotate('error', published.error.message, { file: name })
  }
  const missing = subjects.length - published.length
  if (missing > 0) {
    throw new KeylessError(
      'PUBLISH_FAILED',
      `${missing} of ${subjects.length} bundles could not be put beside their files, as the errors before this say; all bundles are in ${bundles}.`
    )
  }
}

/** One object of the results file; docs/results.md says what each field is. */
function toResult({ name, sha256, verified, bundle, published }: Signed): unknown {
  const { identity, times, logEntry } = verified
  return {
    kind: 'file',
    name,
    digest: { sha256 },
    bundle,
    published: 'path' in published ? { local: published.path } : {},
    identity,
    times,
    ...(logEntry && { logEntry: { ...logEntry, entryUrl: entryUrl(logEntry) } }),
    ...('error' in published && {
      error: { code: published.error.code, message: published.error.message }
    })
  }
}

function summarize(
  subjects: Signed[],
  leftOut: string[],
  commands: string[],
  { files, verifyAction }: { files: string[]; verifyAction: string }
): (Markup | Rows)[] {
  const rows = subjects.map(({ name, sha256, verified: { logEntry }, published }) => [
    code(name),
    code(sha256.slice(0, 12)),
    'message signature',
    logEntry ? entryCell(logEntry) : 'none',
    'path' in published ? code(bundlePath(name)) : 'not written: see the annotations'
  ])
  const identities = new Set(subjects.map(({ verified }) => describe(verified.identity)))
  return [
    heading(`Keyless Sign: ${subjects.length} file(s) signed`),
    table(['File', 'SHA-256', 'Signed', 'Log entry', 'Bundle'], rows),
    ...[...identities].map(words => paragraph('Signed by ', code(words), '.')),
    ...(leftOut.length === 0
      ? []
      : [paragraph(`Left out, being bundles: `, code(leftOut.join(', ')))]),
    paragraph('Verify in a job that needs this one:'),
    fence([
      `- uses: ${verifyAction}`,
      '  with:',
      '    files: |',
      ...files.map(line => `      ${line}`)
    ]),
    folded('Or with cosign 3, in the folder of the checkout', fence(commands))
  ]
}

function describe(identity: CertificateIdentity): string {
  const { notBefore, notAfter } = identity
  return `${describeIdentity(identity)}; certificate valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}`
}
