import type { Job } from '../job.ts'
import type { Log } from '../services/trust.ts'

/** Names and values that are signed along. */
export type Annotations = Readonly<Record<string, string>>

/** How a signature lies in a registry. */
export type Format = 'bundle' | 'legacy'

/** What a peer is asked to believe of an image. */
export type ImageQuestion = {
  /** `host/path@sha256:…` */
  image: string
  log: Log
  annotations?: Annotations
  identity?: string
  issuer?: string
  /** Left out of the trusted root. */
  without?: string[]
}

/** Somebody else's way to believe signatures of images. */
export type ImageVerifier = {
  program: string
  version: string
  /** Its own name of what it does. */
  verifies: string
  /** @throws Error with what it says, when it does not believe that the image is signed */
  verify(job: Job, question: ImageQuestion): Promise<void>
  /** What it says of each reason to refuse; of those that not all look at, where it does. */
  refusals: {
    unsigned: string
    /** A signature of another image. */
    moved: string
    identity: string
    issuer: string
    log: string
    annotation?: string
    /** A timestamp of an authority that it does not know. */
    authority?: string
  }
}

/** Somebody else's way to sign images. */
export type ImageSigner = {
  program: string
  version: string
  signs: string
  format: Format
  /** Signs an index and each of its platforms. */
  sign(job: Job, image: string, log: Log, annotations: Annotations): Promise<void>
}
