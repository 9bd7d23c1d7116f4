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

/** Names of each kind in the message. */
const LISTED = 50

/** MODEL_MISMATCH, with all that differs; the message has the first of it. */
export class ModelMismatch extends KeylessError {
  readonly differences: ModelDifferences

  constructor(differences: ModelDifferences) {
    const parts = (['changed', 'missing', 'extra'] as const)
      .filter(kind => differences[kind].length > 0)
      .map(kind => `${differences[kind].length} ${WORDS[kind]} (${enumerate(differences[kind])})`)
    super(
      'MODEL_MISMATCH',
      `The model is not the one that was signed: ${parts.join('; ')}; do not use it as it is.`
    )
    this.name = 'ModelMismatch'
    this.differences = differences
  }
}

function enumerate(names: string[]): string {
  const words = names.slice(0, LISTED).map(name => quote(name))
  if (names.length > LISTED) words.push(`and ${names.length - LISTED} more`)
  return words.join(', ')
}
