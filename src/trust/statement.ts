import { KeylessError } from '../errors.ts'
import type { Digester } from './digester.ts'
import { isObject } from '../json.ts'
import { parseJsonBytes } from './json.ts'
import { quote } from './quote.ts'

const PAYLOAD_TYPE = 'application/vnd.in-toto+json'

/** The current version of statements. */
export const STATEMENT_V1 = 'https://in-toto.io/Statement/v1'

// cosign still writes its attestations as v0.1, which differs in nothing that is read here.
const STATEMENT_TYPES = [STATEMENT_V1, 'https://in-toto.io/Statement/v0.1']

const MAX_SUBJECTS = 1024

export type Statement = {
  type: string
  predicateType: string
  /** Whatever it is. */
  predicate: unknown
  subjects: StatementSubject[]
}

type StatementSubject = {
  /** By algorithm. */
  digests: ReadonlyMap<string, string>
  /** Whatever they are. */
  annotations: unknown
}

/** A DSSE envelope's content. */
export type Envelope = { payloadType: string; payload: Buffer }

/**
 * Reads the in-toto statement in a DSSE envelope.
 * https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md; fields that it does not
 * name are allowed there, and ignored here.
 *
 * @throws KeylessError PAYLOAD_TYPE, JSON_…, STATEMENT_INVALID, BUNDLE_TOO_MANY
 */
export function readStatement(envelope: Envelope): Statement {
  const { json, type, predicateType } = readPayload(envelope)
  const { predicate, subject } = json
  if (!Array.isArray(subject) || subject.length === 0) throw invalid('has no subject')
  if (subject.length > MAX_SUBJECTS) {
    throw new KeylessError(
      'BUNDLE_TOO_MANY',
      `The statement in the bundle has ${subject.length} subjects; at most ${MAX_SUBJECTS} are read.`
    )
  }
  return { type, predicateType, predicate, subjects: subject.map(readSubject) }
}

/**
 * The JSON of the in-toto statement in a DSSE envelope, of which only the types are checked.
 * @throws KeylessError PAYLOAD_TYPE, JSON_…, STATEMENT_INVALID
 */
export function readPayload(envelope: Envelope): {
  json: Record<string, unknown>
  type: string
  predicateType: string
} {
  if (envelope.payloadType !== PAYLOAD_TYPE) {
    throw new KeylessError(
      'PAYLOAD_TYPE',
      `The envelope in the bundle holds ${quote(envelope.payloadType)}, not an in-toto statement (${PAYLOAD_TYPE}).`
    )
  }
  const json = parseJsonBytes(envelope.payload, 'The statement in the bundle')
  const type = isObject(json) ? STATEMENT_TYPES.find(each => each === json._type) : undefined
  if (!isObject(json) || type === undefined) {
    throw invalid(`is not an in-toto statement (_type is not ${STATEMENT_TYPES.join(' or ')})`)
  }
  const { predicateType } = json
  if (typeof predicateType !== 'string' || predicateType === '') {
    throw invalid('has no predicateType')
  }
  return { json, type, predicateType }
}

/**
 * Makes sure that a statement is about the bytes that we hashed. A subject's SHA-256 decides; a
 * subject without one is held to its SHA-512, which is all that npm's provenance carries.
 *
 * @throws KeylessError SUBJECT_MISMATCH
 */
export async function bindSubject(statement: Statement, digest: Digester): Promise<void> {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const named = statement.subjects
      .map(({ digests }) => digests)
      .filter(each => algorithm === 'sha256' || !each.has('sha256'))
    const digests = named.map(each => each.get(algorithm)).filter(each => each !== undefined)
    if (digests.length > 0 && digests.includes(await digest(algorithm))) return
  }
  throw aboutSomethingElse(statement)
}

/** That no subject of a statement is what was given. */
export function aboutSomethingElse({ subjects }: Statement): KeylessError {
  return new KeylessError(
    'SUBJECT_MISMATCH',
    `The statement in the bundle is about something else: none of its ${subjects.length} subjects has the digest of what was given.`
  )
}

function readSubject(subject: unknown): StatementSubject {
  const digest = isObject(subject) ? subject.digest : undefined
  if (!isObject(subject) || !isObject(digest) || Object.keys(digest).length === 0) {
    throw invalid('has a subject without a digest')
  }
  const digests = new Map<string, string>()
  for (const [algorithm, value] of Object.entries(digest)) {
    if (typeof value !== 'string') throw invalid('has a digest that is not text')
    // In another spelling (`SHA256`) it would be passed over here and read by others.
    if (/^sha-?(256|512)$/i.test(algorithm) && !/^sha(256|512)$/.test(algorithm)) {
      throw invalid(`names a digest algorithm ${quote(algorithm)}; in-toto has it in lower case`)
    }
    digests.set(algorithm, value)
  }
  return { digests, annotations: subject.annotations }
}

/** A statement that is not what it must be. */
export function invalid(what: string): KeylessError {
  return new KeylessError('STATEMENT_INVALID', `The payload of the bundle ${what}.`)
}
