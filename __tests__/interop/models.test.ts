import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import type { ActionRun } from '../e2e/runner.ts'
import { cell } from './cell.ts'
import { LOG_NAMES, weRefuse } from './matrix.ts'
import { NESTED, SHAPES, SINGLE, makeModel, tamperings } from './model-shapes.ts'
import { cosignVerifies, theyVerifyModel, weSignModel, weVerifyModel } from './models.ts'
import { cosignModels } from './peers/cosign-models.ts'
import { modelSigning } from './peers/model-signing.ts'
import { programPath } from './services/install.ts'
import { REKOR_V1_MOST } from './services/programs.ts'
import type { Log } from './services/trust.ts'
import { useJob } from './use-job.ts'

const run = promisify(execFile)
const LOGS: Log[] = ['rekor-v1', 'rekor-v2']

const job = useJob()

describe.each(LOGS)('models, keyless: %s', log => {
  for (const shape of SHAPES) {
    const path = `${shape.model.replaceAll(' ', '-')}.${log}`
    const row = { ...modelSigning, model: shape.model, log: LOG_NAMES[log] }

    const theirs = { direction: 'verifies ours', what: 'verified with `verify sigstore`' } as const
    cell({ ...row, ...theirs }, async refuses => {
      await weSignModel(job, shape, path, log)
      await theyVerifyModel(job, { shape, path, log }, refuses)
    })

    const ours = { direction: 'we verify theirs', what: 'signed with `sign sigstore`' } as const
    cell({ ...row, ...ours }, async refuses => {
      await makeModel(job, shape, `theirs-${path}`)
      await modelSigning.sign(job, shape, `theirs-${path}`, log)
      await weVerifyModel(job, { shape, path: `theirs-${path}`, log }, refuses)
    })
  }

  for (const shape of [NESTED, SINGLE]) {
    const what = 'verified with `verify-blob-attestation --digest`'
    const row = { ...cosignModels, model: shape.model, log: LOG_NAMES[log] }
    cell({ ...row, direction: 'verifies ours', what }, async refuses => {
      const path = `for-cosign-${shape.model.replaceAll(' ', '-')}.${log}`
      const { outputs } = await weSignModel(job, shape, path, log)
      await cosignVerifies(job, { shape, path, log, digest: digestOf(outputs) }, refuses)
    })
  }
})

describe('the commands that the sign step prints', () => {
  it.each(SHAPES)('verify $model as they are', async shape => {
    const path = `printed's ${shape.model}`
    const { outputs } = await weSignModel(job, shape, path, 'rekor-v1')
    const [command = '', cosign = '', ...others] = outputs['verify-commands']?.split('\n') ?? []
    expect(others).toEqual([])
    expect(await shell(cosign)).toContain('Verified OK')

    expect(await shell(command)).toContain('Verification succeeded')
    for (const { tamper, theirs } of tamperings(shape).slice(0, 1)) {
      await tamper(join(job.workspace, path))
      await expect(shell(command)).rejects.toThrow(modelSigning.refusals[theirs])
    }
  })
})

describe('a model with a long list of files, hashed elsewhere', () => {
  const sign = async (log: Log, count: number): Promise<ActionRun> => {
    const checksums = `${count}.sha256`
    await job.write(checksums, Array.from({ length: count }, (_, i) => lineOf(i)).join(''))
    return await job.sign(log, { models: 'large', checksums, publish: 'local' })
  }

  it('is more than a Rekor v1 takes that has a limit, and we say so', async () => {
    // A line of the list is 128 bytes there, and a third more in the request.
    const count = Math.ceil(REKOR_V1_MOST / 128)
    expect(await sign('rekor-v1', count / 2)).toMatchObject({ exitCode: 0, annotations: [] })
    const run = await sign('rekor-v1', count)
    const message: unknown = expect.stringContaining('[LOG_ENTRY_TOO_LARGE]')
    expect(run).toMatchObject({ exitCode: 1, annotations: [{ message }] })
  })

  it('is no more than a digest for Rekor v2, and verifies with its files', async () => {
    const count = Math.ceil(REKOR_V1_MOST / 128)
    expect(await sign('rekor-v2', count)).toMatchObject({ exitCode: 0, annotations: [] })
    const files = Object.fromEntries(Array.from({ length: count }, (_, i) => [nameOf(i), `${i}`]))
    const shape = { model: 'large', files }
    await makeModel(job, shape, 'large')
    const run = await job.verify({ models: 'large' })
    expect(run).toMatchObject({ exitCode: 0, outputs: { verified: 'true' } })
    await modelSigning.verify(job, { shape, path: 'large', log: 'rekor-v2' })
    await job.write(`large/${nameOf(count - 1)}`, '')
    await weRefuse(job, { models: 'large' }, 'MODEL_MISMATCH')
  })
})

const nameOf = (i: number): string => `parts/${String(i).padStart(5, '0')}.bin`
const lineOf = (i: number): string =>
  `${createHash('sha256').update(`${i}`).digest('hex')}  ${nameOf(i)}\n`

/** What a command of a shell says that finds both clients. */
async function shell(command: string): Promise<string> {
  const clients = (['cosign', 'model-signing'] as const).map(name => dirname(programPath(name)))
  const PATH = [...clients, process.env.PATH].join(':')
  const env = { PATH, HOME: dirname(job.workspace) }
  const { stdout, stderr } = await run('bash', ['-c', command], { cwd: job.workspace, env })
  return stdout + stderr
}

const digestOf = ({ 'verify-commands': printed = '' }: Record<string, string>): string =>
  /--digest (\w+)/.exec(printed)?.[1] ?? ''
