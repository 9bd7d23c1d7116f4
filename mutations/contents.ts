import { sha256 } from '../sandbox/certificate.ts'
import { imageStatement } from '../src/statements/image.ts'
import { simpleSigning } from '../src/statements/simple-signing.ts'
import type { Expectation } from '../src/trust/content.ts'
import { FILE, PREDICATE, statement, type Differences } from '../__tests__/trust/instance.ts'
import { filesOf, MODEL, modelStatement } from '../__tests__/trust/oms.ts'

/** A file or a statement to sign. */
export type Content = Pick<Differences, 'file' | 'statement'>

/** What is verified, something else of the same kind, and what is asked of it. */
export type Contents = {
  ours: Content
  others: Content
  expect: Expectation
  /** Of a file that was read into memory. */
  bytes?: Buffer
}

const OTHER = Buffer.from('the bytes of another model\n')
const IMAGE = 'ghcr.io/o/app'

/** Annotations that are signed with images, and asked for. */
export const ANNOTATIONS = { commit: '8f4e7b1c' }

/** The digest of a file, taken for an image's manifest. */
export const imageOf = (file: Buffer): string => `sha256:${sha256(file).toString('hex')}`

const image = (file: Buffer): Content => ({
  statement: imageStatement({
    ...{ name: IMAGE, annotations: ANNOTATIONS },
    digest: imageOf(file)
  }).toString()
})
const payload = (file: Buffer): Content => ({
  file: simpleSigning({ name: IMAGE, digest: imageOf(file), annotations: ANNOTATIONS })
})

/** Files too large for memory, of which only the digest is at hand. */
export const LARGE_FILES: Contents = {
  ours: { file: FILE },
  others: { file: OTHER },
  expect: { kind: 'message-signature' }
}

export const FILES: Contents = { ...LARGE_FILES, bytes: FILE }

export const STATEMENTS: Contents = {
  ours: { statement: statement({ predicate: { builder: 'ours' } }) },
  others: {
    statement: statement({
      subject: [{ name: 'b', digest: { sha256: sha256(OTHER).toString('hex') } }]
    })
  },
  expect: { kind: 'statement', predicateType: PREDICATE }
}

export const IMAGES: Contents = {
  ours: image(FILE),
  others: image(OTHER),
  expect: { kind: 'image-signature', annotations: ANNOTATIONS }
}

/** What cosign's older form signs. */
export const PAYLOADS: Contents = {
  ours: payload(FILE),
  others: payload(OTHER),
  expect: { kind: 'message-signature' }
}

export const MODELS: Contents = {
  ours: { statement: modelStatement(MODEL) },
  others: { statement: modelStatement({ ...MODEL, 'config.json': '[]' }) },
  expect: { kind: 'model', files: filesOf(MODEL) }
}
