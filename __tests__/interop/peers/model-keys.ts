import type { Job } from '../job.ts'
import { type Shape, signatureOf } from '../model-shapes.ts'
import { PROGRAMS } from '../services/programs.ts'
import { join } from 'node:path'

/** What takes the place of an identity. Names of files in the workspace. */
export type Credentials =
  | { method: 'key'; key: string; publicKey: string }
  | { method: 'certificate'; key: string; certificate: string; chain: string; root: string }

/** Both programs that sign models with keys of one's own: somebody else's, and ours for the conformance suite. */
export type KeySigner = {
  program: string
  version: string
  sign(job: Job, shape: Shape, path: string, by: Credentials): Promise<void>
  /** @throws Error with what it says, when it does not believe the signature */
  verify(job: Job, shape: Shape, path: string, by: Credentials): Promise<void>
}

const PATCHES = join(import.meta.dirname, 'model-signing-1.0')

function modelSigning(name: 'model-signing' | 'model-signing-1.0'): KeySigner {
  const run = async (job: Job, ...args: string[]): Promise<void> => {
    const env = name === 'model-signing' ? {} : { PYTHONPATH: PATCHES }
    await job.runWith(env, name, ...args)
  }
  return {
    ...{ program: 'model_signing', version: PROGRAMS[name].version },
    sign: async (job, shape, path, by) => {
      await run(
        job,
        ...['sign', by.method, '--private_key', by.key, ...signedWith(by)],
        ...[...['--signature', signatureOf(shape, path), path]]
      )
    },
    verify: async (job, shape, path, by) => {
      const trust =
        by.method === 'key' ? ['--public_key', by.publicKey] : ['--certificate_chain', by.root]
      await run(job, 'verify', by.method, ...trust, '--signature', signatureOf(shape, path), path)
    }
  }
}

const signedWith = (by: Credentials): string[] =>
  by.method === 'key'
    ? []
    : ['--signing_certificate', by.certificate, '--certificate_chain', by.chain]

export const modelSigningKeys = modelSigning('model-signing')
export const modelSigning1Keys = modelSigning('model-signing-1.0')

export const ours: KeySigner = {
  ...{ program: 'conformance/model-signing', version: 'ours' },
  sign: async (job, shape, path, by) => {
    const chain =
      by.method === 'key' ? [] : ['--signing-cert', by.certificate, '--cert-chain', by.chain]
    await job.runScript(
      ...(['conformance/model-signing.ts', 'sign-model', '--method', by.method] as const),
      ...['--model-path', path, '--output-bundle', signatureOf(shape, path)],
      ...['--private-key', by.key, ...chain]
    )
  },
  verify: async (job, shape, path, by) => {
    const trust = by.method === 'key' ? ['--public-key', by.publicKey] : ['--cert-chain', by.root]
    await job.runScript(
      ...(['conformance/model-signing.ts', 'verify-model', '--method', by.method] as const),
      ...['--model-path', path, '--bundle', signatureOf(shape, path), ...trust]
    )
  }
}
