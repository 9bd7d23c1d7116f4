import { KeylessError } from '../errors.ts'
import { entryUrl } from '../runner/log-entry.ts'
import { annotate, log } from '../runner/log.ts'
import { setOutputs, writeResults } from '../runner/outputs.ts'
import { writeSummary } from '../runner/summary.ts'
import { bundlePath } from '../storage/local.ts'
import { cosignCommand } from './commands.ts'
import type { Publish } from './inputs.ts'
import type { Signed } from './publish.ts'
import type { Signing } from './run.ts'
import { summarize } from './summary.ts'

type ReportOptions = {
  /** The step's, for the results. */
  folder: string
  /** The folder of all bundles. */
  bundles: string
  /** The lines of the input. */
  files: string[]
  publish: Publish
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
  signing: Signing,
  { folder, bundles, files, publish, verifyAction, showSummary }: ReportOptions
): Promise<void> {
  const { subjects, leftOut, artifact, instance } = signing
  const complete = subjects.filter(({ errors }) => errors.length === 0)
  const commands = subjects.map(({ name, verified, bundle, published }) => {
    const path = published.local === undefined ? bundle : bundlePath(name)
    return cosignCommand(name, path, verified.identity, instance.trustedRootPath)
  })
  const resultsPath = await writeResults(folder, { subjects: subjects.map(toResult) })
  setOutputs({
    'results-path': resultsPath,
    'bundle-dir': bundles,
    signed: String(complete.length),
    'verify-commands': commands.join('\n'),
    ...(artifact &&
      'id' in artifact && {
        'artifact-name': artifact.name,
        'artifact-id': String(artifact.id),
        'artifact-url': artifact.url
      })
  })
  for (const { name } of complete) log.info(`Signed ${name}`)
  for (const name of leftOut) log.info(`Left out ${name}, which is a bundle itself.`)
  if (showSummary) {
    await writeSummary(summarize(signing, commands, { files, verifyAction }), resultsPath)
  }

  for (const { name, errors } of subjects) {
    const own = errors.filter(error => error !== artifact)
    for (const { message } of own) annotate('error', message, { file: name })
  }
  // One error for all, and not one for each.
  if (artifact instanceof KeylessError) annotate('error', `${artifact.message} [${artifact.code}]`)
  if (complete.length < subjects.length) throw incomplete(signing, publish, bundles)
}

/** What got where, for those who have to clear up. */
function incomplete(
  { subjects, artifact }: Signing,
  { local }: Publish,
  bundles: string
): KeylessError {
  const beside = subjects.filter(({ published }) => published.local !== undefined).length
  const places = [
    ...(local ? [`${beside} of ${subjects.length} bundles are beside their files`] : []),
    ...(artifact === undefined
      ? []
      : 'id' in artifact
        ? [`all are in the artifact ${artifact.name}`]
        : ['there is no artifact'])
  ]
  return new KeylessError(
    'PUBLISH_FAILED',
    `Everything is signed and not everything is published, as the errors before this say: ${places.join(', and ')}; all bundles are in ${bundles}.`
  )
}

/** One object of the results file; docs/results.md says what each field is. */
function toResult({ name, sha256, verified, bundle, published, errors }: Signed): unknown {
  const { identity, times, logEntry } = verified
  const [error] = errors
  return {
    kind: 'file',
    name,
    digest: { sha256 },
    bundle,
    published,
    identity,
    times,
    ...(logEntry && { logEntry: { ...logEntry, entryUrl: entryUrl(logEntry) } }),
    ...(error && {
      error: { code: error.code, message: errors.map(({ message }) => message).join(' ') }
    })
  }
}
