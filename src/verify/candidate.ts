import { setImmediate } from 'node:timers/promises'
import { KeylessError, type Code } from '../errors.ts'
import { cut, sanitize } from '../runner/text.ts'
import type { VerifiedIdentity } from '../trust/verify.ts'

/** What a line of predicate-type asks for: the signature of the subject's kind, or an attestation. */
export type Requirement = 'signature' | { predicateType: string }

/** What may be a signature of one subject, and how to find out; or why it never can be. */
export type Candidate = {
  /** Where it was found. */
  name: string
  /** The digest of the image index that it signs, where that stands for one of its platforms. */
  index?: string
} & ({ check: (required: Requirement) => Promise<VerifiedIdentity> } | { error: KeylessError })

/** A place with candidates, looked into only when those of the places before it did not do. */
export type Source = () => Promise<Candidate[]>

/** What became of one subject. It verified when there is no error. */
export type Outcome = {
  kind: 'file' | 'image' | 'model'
  name: string
  /** Of a model that verified: the digest over all of its files. */
  sha256?: string
  /** Of the same: what is there, and was let pass unsigned. A folder stands for all that is in it. */
  ignored?: string[]
  /** One candidate for each thing that was required. */
  passed: { bundle: string; index?: string; verified: VerifiedIdentity }[]
  /** Candidates that were tried and are not believed. */
  refused: { bundle: string; error: KeylessError }[]
  error?: KeylessError
}

/** Reasons in a message; the results file has all, but these alone in full. */
const LISTED = 10

/** Of any further reason, in characters. */
const LONGEST = 2000

/** There may be a signature, and nobody could look (verification.md, row 17). */
const UNREAD: ReadonlySet<Code> = new Set<Code>(['BUNDLE_UNREADABLE', 'COULD_NOT_LOOK'])

/**
 * Try the candidates of one subject: for each thing that is required one has to pass every check. One
 * that does not is no reason against the subject, and none for it.
 *
 * @param none why nothing at all was found
 * @throws KeylessError when something that is required has no candidate that passes
 */
export async function tryAll(
  outcome: Outcome,
  sources: Source[],
  required: Requirement[],
  none: () => KeylessError
): Promise<void> {
  for (const each of required) {
    const reasons = await tryOne(outcome, sources, each)
    if (reasons === undefined) continue
    outcome.refused.push(...reasons)
    throw reasons.length === 0 ? none() : refusal(outcome.name, reasons)
  }
}

/** @returns the reasons against all candidates, or nothing where one passed */
async function tryOne(
  outcome: Outcome,
  sources: Source[],
  required: Requirement
): Promise<Outcome['refused'] | undefined> {
  const reasons: Outcome['refused'] = []
  for (const source of sources) {
    for (const candidate of await source()) {
      const { name, index } = candidate
      try {
        if ('error' in candidate) throw candidate.error
        const verified = await candidate.check(required)
        outcome.passed.push({ bundle: name, ...(index !== undefined && { index }), verified })
        outcome.refused.push(...reasons)
        return undefined
      } catch (error) {
        if (!(error instanceof KeylessError)) throw error
        reasons.push({ bundle: name, error: reasons.length < LISTED ? error : brief(error) })
      }
      // Verifying takes a whole core; hashing of the next file goes on meanwhile.
      await setImmediate()
    }
  }
  return reasons
}

/** Without what a model differs in, which is long: there may be 10,000 bundles, all of one old signature. */
function brief({ code, message }: KeylessError): KeylessError {
  return new KeylessError(code, cut(message, LONGEST))
}

/** Why a subject is refused: for one candidate its own reason, for several the reason of each. */
function refusal(name: string, reasons: Outcome['refused']): KeylessError {
  const [first, ...others] = reasons
  if (first && others.length === 0) {
    return new KeylessError(
      first.error.code,
      `${sanitize(name)} (${sanitize(first.bundle)}): ${first.error.message}`
    )
  }
  const unread = reasons.find(({ error }) => UNREAD.has(error.code))
  const listed = reasons
    .slice(0, LISTED)
    .map(({ bundle, error }) => `${sanitize(bundle)}: ${error.message} [${error.code}]`)
  if (reasons.length > LISTED) listed.push(`and ${reasons.length - LISTED} more, in the results`)
  return new KeylessError(
    unread ? unread.error.code : 'NO_BUNDLE_VERIFIES',
    [`${sanitize(name)}: none of its ${reasons.length} bundles verifies.`, ...listed].join('\n')
  )
}
