import { KeylessError } from '../errors.ts'
import { entryUrl } from '../runner/log-entry.ts'
import { annotate, log } from '../runner/log.ts'
import { setOutputs, writeResults } from '../runner/outputs.ts'
import { writeSummary } from '../runner/summary.ts'
import { tally } from '../runner/text.ts'
import { describeIdentity } from '../trust/identity.ts'
import { ModelMismatch } from '../trust/model-mismatch.ts'
import type { Outcome } from './candidate.ts'
import { kindsOf, some, summarize } from './summary.ts'

/**
 * Tell later steps and people what verified and what did not and why.
 *
 * @param folder the step's; the results go there
 * @throws KeylessError NOT_VERIFIED unless everything verified
 */
export async function report(
  outcomes: Outcome[],
  { folder, showSummary }: { folder: string; showSummary: boolean }
): Promise<void> {
  const refused = outcomes.filter(({ error }) => error !== undefined)
  const resultsPath = await writeResults(folder, { subjects: outcomes.map(toResult) })
  if (showSummary) await writeSummary(summarize(outcomes), resultsPath)
  for (const { kind, name, error, passed, ignored = [] } of outcomes) {
    if (!error) {
      const by = passed.map(({ verified: { identity } }) => describeIdentity(identity))
      log.info(`Verified ${name}, signed by ${by.join('; ')}`)
      if (ignored.length > 0) log.info(`Not signed, being ignored, in ${name}: ${some(ignored)}`)
      continue
    }
    // An annotation is one line; what is to be pasted follows in the log.
    const [first = '', ...more] = error.message.split('\n')
    annotate('error', `${first} [${error.code}]`, kind === 'file' ? { file: name } : {})
    for (const line of more) log.info(line)
  }
  const images = outcomes.filter(({ kind }) => kind === 'image').map(({ name }) => name)
  setOutputs({
    verified: String(refused.length === 0),
    images: refused.length === 0 ? images.join('\n') : '',
    'results-path': resultsPath
  })
  if (refused.length > 0) {
    throw new KeylessError(
      'NOT_VERIFIED',
      `${tally(kindsOf(refused))} of ${outcomes.length} subject(s) did not verify, as the errors before this say; do not release them.`
    )
  }
}

/** One object of the results file; docs/results.md says what each field is. */
function toResult({ kind, name, sha256, ignored, passed, refused, error }: Outcome): unknown {
  return {
    kind,
    name,
    ...(sha256 !== undefined && { digest: { sha256 } }),
    ...(ignored && { ignored }),
    verified: error === undefined,
    passed: passed.map(({ bundle, index, verified: { logEntry, ...verified } }) => ({
      bundle,
      ...(index !== undefined && { index }),
      ...verified,
      ...(logEntry && { logEntry: { ...logEntry, entryUrl: entryUrl(logEntry) } })
    })),
    refused: refused.map(({ bundle, error }) => ({
      bundle,
      error: toJson(error),
      ...(error instanceof ModelMismatch && { differences: error.differences })
    })),
    ...(error && { error: toJson(error) })
  }
}

function toJson({ code, message }: KeylessError): { code: string; message: string } {
  return { code, message }
}
