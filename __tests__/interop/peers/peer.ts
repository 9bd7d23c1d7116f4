import type { Job } from '../job.ts'
import type { Log, Witness } from '../services/trust.ts'

/** What a peer is asked to believe. */
export type Question = {
  file: string
  bundle: string
  log: Log
  identity?: string
  issuer?: string
  predicateType?: string
  /** Left out of the trusted root. */
  without?: string[]
}

/** Somebody else's client of Sigstore, for signatures of files or for statements about them. */
export type Peer = {
  program: string
  version: string
  /** Its own names of what it does. */
  commands: { sign: string; verify: string }
  sign(job: Job, file: string, bundle: string, witness: Witness): Promise<void>
  /** @throws Error with what it says, when it does not believe the bundle */
  verify(job: Job, question: Question): Promise<void>
  /** What it says of each reason to refuse; of a predicate type, where it looks at that. */
  refusals: { changed: string; identity: string; issuer: string; log: string; type?: string }
}

/** What every statement says: sigstore-python makes none but provenance. */
export const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1'
export const PREDICATE = {
  buildDefinition: { buildType: 'https://example.com/build/v1', externalParameters: {} },
  runDetails: { builder: { id: 'https://example.com/builder' } }
}
/** A file of the workspace with it. */
export const PREDICATE_FILE = 'predicate.json'
