import { KeylessError } from '../errors.ts'
import { entryUrl } from '../runner/log-entry.ts'
import { annotate, log } from '../runner/log.ts'
import { setOutputs, writeResults } from '../runner/outputs.ts'
import { writeSummary } from '../runner/summary.ts'
import { verifyCommands } from './commands.ts'
import type { Inputs } from './inputs.ts'
import { wasSigned, type Signed } from './publish.ts'
import type { Signing } from './run.ts'
import { summarize } from './summary.ts'
import type { VerifiedIdentity } from '../trust/verify.ts'

/** Names in a warning. */
const LISTED = 10

type ReportOptions = Inputs & {
  /** The step's, for the results. */
  folder: string
  /** The folder of all bundles. */
  bundles: string
  /** What the summary tells others to use. */
  verifyAction: string
}

/**
 * Tell later steps and people what was signed, and fail when a bundle did not get to its place.
 *
 * @throws KeylessError PUBLISH_FAILED
 */
export async function report(signing: Signing, options: ReportOptions): Promise<void> {
  const { folder, bundles, annotations, showSummary } = options
  const { subjects, leftOut, artifact, instance } = signing
  const complete = subjects.filter(({ errors }) => errors.length === 0)
  const commands = subjects.flatMap(subject => verifyCommands(subject, annotations, instance))
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
  for (const subject of complete) {
    log.info(`${wasSigned(subject) ? 'Was signed already:' : 'Signed'} ${subject.name}`)
  }
  for (const name of leftOut) log.info(`Left out ${name}, which is a bundle itself.`)
  warnOfPickles(subjects)
  if (showSummary) {
    await writeSummary(summarize(signing, commands, options), resultsPath)
  }

  for (const { name, errors } of subjects) {
    const own = errors.filter(error => error !== artifact)
    for (const { message } of own) annotate('error', message, { file: name })
  }
  // One error for all, and not one for each.
  if (artifact instanceof KeylessError) annotate('error', `${artifact.message} [${artifact.code}]`)
  if (complete.length < subjects.length) throw incomplete(signing, options)
}

/** What got where, for those who have to clear up. */
function incomplete(
  { subjects, artifact }: Signing,
  { publish, bundles }: ReportOptions
): KeylessError {
  const placed = subjects.filter(({ kind }) => kind !== 'image')
  const images = subjects.filter(({ kind }) => kind === 'image')
  const beside = placed.filter(({ published }) => published.local !== undefined)
  const attached = images.filter(({ errors }) => errors.length === 0)
  const places = [
    ...(publish.registry && images.length > 0
      ? [`${attached.length} of ${images.length} images have their signatures in the registry`]
      : []),
    ...(publish.local && placed.length > 0
      ? [
          `${beside.length} of ${placed.length} bundles are ${placed.some(({ kind }) => kind === 'model') ? 'beside their files and in their models' : 'beside their files'}`
        ]
      : []),
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
function toResult(subject: Signed): unknown {
  const { kind, name, sha256, verified, bundle, published, errors } = subject
  const [error] = errors
  const { platform, bundle: main, legacy } = kind === 'image' ? subject.image : {}
  const { files, elsewhere, pickles } = kind === 'model' ? subject.model : {}
  return {
    kind,
    name,
    ...(platform !== undefined && { platform }),
    digest: { sha256 },
    ...(files !== undefined && { files }),
    ...(elsewhere === true && { hashedElsewhere: true }),
    // Nobody looked for them elsewhere.
    ...(pickles && elsewhere !== true && { pickles }),
    ...(bundle !== undefined && { bundle }),
    published,
    ...(wasSigned(subject) && { wasSigned: true }),
    ...toWitnessed(verified),
    ...(main && legacy && { legacy: toWitnessed(legacy.verified) }),
    ...(error && {
      error: { code: error.code, message: errors.map(({ message }) => message).join(' ') }
    })
  }
}

/** One warning for all; the summary and the results have each. */
function warnOfPickles(subjects: Signed[]): void {
  const names = subjects.flatMap(subject =>
    subject.kind === 'model'
      ? subject.model.pickles.map(({ name }) => `${subject.name}: ${name}`)
      : []
  )
  if (names.length === 0) return
  const more = names.length > LISTED ? ` and ${names.length - LISTED} more` : ''
  annotate(
    'warning',
    `To load a Python pickle is to run code of whoever made it, and these files are some: ${names.slice(0, LISTED).join(', ')}${more}. The signature says who signed them, not that they are safe; use safetensors or ONNX for weights.`
  )
}

function toWitnessed({ identity, times, logEntry }: VerifiedIdentity): object {
  return {
    identity,
    times,
    ...(logEntry && { logEntry: { ...logEntry, entryUrl: entryUrl(logEntry) } })
  }
}
