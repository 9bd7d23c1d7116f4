import { IDENTITY, ISSUER, type Job } from '../job.ts'
import { cosign, cosignStatements } from './cosign.ts'

const MODEL_TYPE = 'https://model_signing/signature/v1.0'

export type ModelAnswer = {
  signature: string
  /** What the statement is to be about: a digest, or a file. */
  about: { digest: string } | { file: string }
  identity?: string
  issuer?: string
  type?: string
  /** Left out of the trusted root. */
  without?: string[]
}

/** It knows a model by the digest over the digests of its files. */
export const cosignModels = {
  ...{ program: cosign.program, version: cosign.version },

  /** @throws Error with what it says, when it does not believe the signature */
  verify: async (
    job: Job,
    { signature, about, type = MODEL_TYPE, without = [], ...by }: ModelAnswer
  ): Promise<void> => {
    await job.run(
      'cosign',
      ...['verify-blob-attestation', '--bundle', signature, '--type', type],
      ...['--certificate-identity', by.identity ?? IDENTITY],
      ...['--certificate-oidc-issuer', by.issuer ?? ISSUER],
      ...['--trusted-root', await job.rootWithout(...without)],
      ...('file' in about ? [about.file] : ['--digest', about.digest, '--digestAlg', 'sha256'])
    )
  },

  refusals: cosignStatements.refusals
}
