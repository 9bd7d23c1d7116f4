import { readFile } from 'node:fs/promises'
import { parseBundle } from '../src/trust/bundle.ts'
import { parseTrustedRoots } from '../src/trust/root.ts'
import { verifyBundle, type Verified } from '../src/trust/verify.ts'
import { readCertificates, readChain } from './model-certificate.ts'
import { filesOf } from './model-disk.ts'
import { byIdentity, readKey } from './verify.ts'

/** Who has to have signed a model. */
export type ModelTrust =
  /** Path of a public key in PEM. */
  | { method: 'key'; key: string }
  /** Certificates in PEM, several a text. */
  | { method: 'certificate'; anchors: string[] }
  /** The trusted root as JSON text. */
  | { method: 'sigstore'; identity: string; issuer: string; trustedRoot: string }

export type ModelQuestion = {
  /** Of the model. */
  path: string
  /** Path. */
  bundle: string
  /** Paths. */
  ignorePaths: string[]
  /** Whether anything unsigned may be there. */
  ignoreUnsigned: boolean
  trust: ModelTrust
}

/** Verifies a model as the suite asks. */
export async function verifyModel(question: ModelQuestion): Promise<Verified> {
  const { path, trust } = question
  const parsed = parseBundle(await readFile(question.bundle, 'utf8'), question.bundle)
  const files = filesOf(path, {
    ignorePaths: question.ignorePaths,
    signature: question.bundle,
    ignoreUnsigned: question.ignoreUnsigned
  })
  const common = {
    expect: { kind: 'model', files } as const,
    // A model's statement is bound to its files, not to one digest.
    digest: () => Promise.reject(new Error('a model has no digest of its own'))
  }
  switch (trust.method) {
    case 'key':
      return verifyBundle(parsed, {
        ...common,
        roots: [],
        signer: { key: await readKey(trust.key) }
      })
    case 'certificate': {
      const { key, bundle } = readChain(parsed, trust.anchors.flatMap(readCertificates))
      return verifyBundle(bundle, { ...common, roots: [], signer: { key } })
    }
    case 'sigstore':
      return verifyBundle(parsed, {
        ...common,
        roots: parseTrustedRoots(trust.trustedRoot, 'the trusted root'),
        signer: byIdentity(trust.identity, trust.issuer)
      })
  }
}
