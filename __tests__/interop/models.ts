import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import type { Refuses } from './cell.ts'
import { IDENTITY, ISSUER, type Job } from './job.ts'
import { BECAUSE_OF, OTHER_IDENTITY, OTHER_ISSUER, OTHER_TYPE } from './matrix.ts'
import {
  FOLDER,
  type Shape,
  isSingle,
  makeModel,
  signatureOf,
  tampered,
  tamperings
} from './model-shapes.ts'
import { type ModelAnswer, cosignModels } from './peers/cosign-models.ts'
import { type ModelQuestion, modelSigning } from './peers/model-signing.ts'
import type { ActionRun } from '../e2e/runner.ts'
import type { Log } from './services/trust.ts'

/** Signs a new model by our action. */
export async function weSignModel(
  job: Job,
  shape: Shape,
  path: string,
  log: Log
): Promise<ActionRun> {
  await makeModel(job, shape, path)
  const run = await job.sign(log, {
    ...{ models: path, publish: 'local' },
    'ignore-paths': (shape.ignored ?? []).map(name => join(path, name)).join('\n'),
    'allow-symlinks': String(shape.links !== undefined)
  })
  expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { signed: '1' } })
  return run
}

/**
 * model_signing believes our signature, and nothing that differs from it in one thing. Of who signed, one kind of model
 * shows all.
 */
export async function theyVerifyModel(
  job: Job,
  asked: Pick<ModelQuestion, 'shape' | 'path' | 'log'>,
  refuses: Refuses
): Promise<void> {
  const { refusals, verify } = modelSigning
  const { shape, path, log } = asked
  const refused = async (other: Partial<ModelQuestion>, why: string): Promise<void> => {
    await expect(verify(job, { ...asked, ...other })).rejects.toThrow(why)
  }
  await verify(job, asked)
  await changeIgnored(job, shape, path)
  await verify(job, asked)
  for (const { because, theirs, tamper } of tamperings(shape)) {
    const other = { path: await tampered(job, shape, path, tamper) }
    await refuses(because, refused(other, refusals[theirs]))
  }
  if (shape.links) {
    const check = expect(verify(job, asked, [])).rejects.toThrow(refusals.links)
    await refuses(BECAUSE_OF.links, check)
  }
  if (shape !== FOLDER) return
  await refuses(BECAUSE_OF.identity, refused({ identity: OTHER_IDENTITY }, refusals.identity))
  await refuses(BECAUSE_OF.issuer, refused({ issuer: OTHER_ISSUER }, refusals.issuer))
  const without = [job.services.urls[log]]
  await refuses(BECAUSE_OF.log, refused({ without }, refusals.log))
}

/** We believe model_signing's signature, and nothing that differs from it in one thing: the same things. */
export async function weVerifyModel(
  job: Job,
  { shape, path, log }: Pick<ModelQuestion, 'shape' | 'path' | 'log'>,
  refuses: Refuses
): Promise<void> {
  const believed = async (): Promise<void> => {
    const run = await job.verify({ models: path })
    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { verified: 'true' } })
  }
  const refused = async (inputs: Record<string, string>, why: string): Promise<void> => {
    const run = await job.verify({ models: path, ...inputs })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
    expect(run.annotations[0]?.message).toContain(why)
  }
  const by = (identity: string, issuer = ISSUER): Record<string, string> => ({
    'certificate-identity': identity,
    'certificate-oidc-issuer': issuer
  })
  await believed()
  await changeIgnored(job, shape, path)
  await believed()
  for (const { because, ours, tamper } of tamperings(shape)) {
    const models = await tampered(job, shape, path, tamper)
    await refuses(because, refused({ models }, ours))
  }
  if (shape !== FOLDER) return
  const refusedFor = async (inputs: Record<string, string>, code: string): Promise<void> => {
    await refused(inputs, `[${code}]`)
  }
  await refuses(BECAUSE_OF.identity, refusedFor(by(OTHER_IDENTITY), 'IDENTITY_MISMATCH'))
  await refuses(BECAUSE_OF.issuer, refusedFor(by(IDENTITY, OTHER_ISSUER), 'IDENTITY_MISMATCH'))
  const root = await job.rootWithout(job.services.urls[log])
  await refuses(BECAUSE_OF.log, refusedFor({ 'trusted-root': root }, 'LOG_UNKNOWN'))
}

/** cosign believes our signature of a digest, and not the digest of a model's only file. */
export async function cosignVerifies(
  job: Job,
  { shape, path, log, digest }: Pick<ModelQuestion, 'shape' | 'path' | 'log'> & { digest: string },
  refuses: Refuses
): Promise<void> {
  const { refusals, verify } = cosignModels
  const asked = { signature: signatureOf(shape, path), about: { digest } }
  const refused = async (other: Partial<ModelAnswer>, why = ''): Promise<void> => {
    await expect(verify(job, { ...asked, ...other })).rejects.toThrow(why)
  }
  await verify(job, asked)
  if (isSingle(shape)) {
    await refuses(BECAUSE_OF.file, refused({ about: { file: path } }, refusals.changed))
  }
  const other = { about: { digest: createHash('sha256').update('').digest('hex') } }
  await refuses(BECAUSE_OF.digest, refused(other, refusals.changed))
  await refuses(BECAUSE_OF.identity, refused({ identity: OTHER_IDENTITY }, refusals.identity))
  await refuses(BECAUSE_OF.issuer, refused({ issuer: OTHER_ISSUER }, refusals.issuer))
  await refuses(BECAUSE_OF.type, refused({ type: OTHER_TYPE }, refusals.type))
  const without = [job.services.urls[log]]
  await refuses(BECAUSE_OF.log, refused({ without }, refusals.log))
}

/** Of what is ignored, anybody may make something else. */
async function changeIgnored(
  job: Job,
  { files, ignored = [] }: Shape,
  path: string
): Promise<void> {
  for (const name of Object.keys(files)) {
    if (!ignored.some(each => name === each || name.startsWith(`${each}/`))) continue
    await writeFile(join(job.workspace, path, name), 'something else')
    if (name.includes('/')) await writeFile(join(job.workspace, path, `${name}.new`), 'more')
  }
}
