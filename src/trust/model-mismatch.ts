import { KeylessError } from '../errors.ts'
import { quote } from './quote.ts'

/** What differs between a model and what was signed of it: names of files, sorted. */
export type ModelDifferences = {
  /** There, and neither signed nor ignored. */
  extra: string[]
  /** Signed, and not there. */
  missing: string[]
  /** Of other bytes than were signed. */
  changed: string[]
}

const WORDS = { changed: 'changed', missing: 'missing', extra: 'neither signed nor ignored' }

/** Names of each kind in the message, and characters of all of these: a runner shows the first 4000 of it. */
const LISTED = 50
const LONGEST = 1000

/** MODEL_MISMATCH, with all that differs; the message has the first of it. */
export class ModelMismatch extends KeylessError {
  readonly differences: ModelDifferences

  constructor(differences: ModelDifferences) {
    const parts = (['changed', 'missing', 'extra'] as const)
      .filter(kind => differences[kind].length > 0)
      .map(kind => `${differences[kind].length} ${WORDS[kind]} (${enumerate(differences[kind])})`)
    super(
      'MODEL_MISMATCH',
      `The model is not the one that was signed: ${parts.join('; ')}; do not use it as it is, but fetch it again (a checkout without "lfs: true" has pointers in place of Git LFS's files), or give ignore-paths for what may be in it unsigned.`
    )
    this.name = 'ModelMismatch'
    this.differences = differences
  }
}

function enumerate(names: string[]): string {
  let length = 0
  const shown = names
    .slice(0, LISTED)
    .map(name => quote(name))
    .filter(word => (length += word.length) <= LONGEST)
  const more = names.length - shown.length
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}
