import { entryCell } from '../runner/log-entry.ts'
import {
  code,
  fence,
  heading,
  paragraph,
  table,
  type Cell,
  type Markup,
  type Rows
} from '../runner/summary.ts'
import { tally } from '../runner/text.ts'
import { describeIdentity } from '../trust/identity.ts'
import { SIGN_PREDICATE } from '../trust/image.ts'
import { ModelMismatch, type ModelDifferences } from '../trust/model-mismatch.ts'
import { MODEL_PREDICATE } from '../trust/model.ts'
import type { Outcome } from './candidate.ts'

/** Files of a kind that are shown; all are in the results. */
const LISTED = 50

/** What each is, for counting them. */
export function kindsOf(outcomes: Outcome[]): string[] {
  return outcomes.map(({ kind }) => kind)
}

/** The first of many names. */
export function some(names: string[]): string {
  const more = names.length - LISTED
  return [
    ...names.slice(0, LISTED),
    ...(more > 0 ? [`and ${more} more, in the results`] : [])
  ].join(', ')
}

/** What people read who were not there. */
export function summarize(outcomes: Outcome[]): (Markup | Rows)[] {
  const good = outcomes.filter(({ error }) => !error)
  const bad = outcomes.filter(({ error }) => error)
  const identities = new Set(
    good.flatMap(({ passed }) =>
      passed.map(({ verified: { identity } }) => describeIdentity(identity))
    )
  )
  const rows = good.flatMap(({ kind, name, sha256 = '', passed }) =>
    passed.map(({ bundle, index, verified: { predicateType, logEntry } }) => [
      code(name),
      code(sha256.slice(0, 12)),
      isSignature(kind, predicateType)
        ? `signature${index === undefined ? '' : ' of its index'}`
        : whatOf(predicateType),
      logEntry ? entryCell(logEntry) : 'none',
      code(bundle)
    ])
  )
  return [
    heading(
      bad.length === 0
        ? `Keyless Sign: ${tally(kindsOf(good))} verified`
        : `Keyless Sign: ${tally(kindsOf(bad))} of ${outcomes.length} subject(s) refused - do not release`
    ),
    ...(rows.length > 0
      ? [table(['Subject', 'SHA-256', 'Verified', 'Log entry', 'Bundle'], rows)]
      : []),
    ...[...identities].map(words => paragraph('Signed by ', code(words), '.')),
    ...good.flatMap(({ name, ignored = [] }) =>
      ignored.length > 0
        ? [paragraph('Not signed, being ignored, in ', code(name), ': ', code(some(ignored)), '.')]
        : []
    ),
    ...(bad.length > 0 ? [paragraph('Refused:')] : []),
    ...bad.flatMap(({ error, refused }) => [
      fence('text', [`[${error?.code}]`, ...(error?.message.split('\n') ?? [])]),
      ...refused.flatMap(({ bundle, error }) =>
        error instanceof ModelMismatch ? differencesFrom(bundle, error.differences) : []
      )
    ])
  ]
}

function whatOf(predicateType: string | undefined): Cell {
  return predicateType === undefined ? 'message signature' : code(predicateType)
}

/** A legacy signature of an image is no statement. */
function isSignature(kind: Outcome['kind'], predicateType: string | undefined): boolean {
  switch (kind) {
    case 'image':
      return predicateType === undefined || predicateType === SIGN_PREDICATE
    case 'model':
      return predicateType === MODEL_PREDICATE
    case 'file':
      return false
  }
}

function differencesFrom(bundle: string, differences: ModelDifferences): (Markup | Rows)[] {
  const rows = (['changed', 'missing', 'extra'] as const).flatMap(kind => {
    const names = differences[kind]
    const shown: Cell[][] = names.slice(0, LISTED).map(name => [kind, code(name)])
    const more = names.length - LISTED
    return more > 0 ? [...shown, [kind, `and ${more} more, in the results`]] : shown
  })
  return [paragraph('What differs from what ', code(bundle), ' signs:'), table(['', 'File'], rows)]
}
