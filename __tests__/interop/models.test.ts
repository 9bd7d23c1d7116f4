import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { cell } from './cell.ts'
import { type Job, openJob } from './job.ts'
import { LOG_NAMES } from './matrix.ts'
import { NESTED, SHAPES, SINGLE, type Tampering, makeModel, tamperings } from './model-shapes.ts'
import {
  cosignVerifies,
  modelCommands,
  theyVerifyModel,
  weSignModel,
  weVerifyModel
} from './models.ts'
import { cosignModels } from './peers/cosign-models.ts'
import { modelSigning } from './peers/model-signing.ts'
import { programPath } from './services/install.ts'
import type { Log } from './services/trust.ts'

const run = promisify(execFile)
const LOGS: Log[] = ['rekor-v1', 'rekor-v2']

let job: Job
beforeAll(async () => {
  job = await openJob()
})
afterAll(async () => {
  await job.close()
})

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
  it.each(SHAPES)('verify $model as they are, and with a private instance', async shape => {
    const path = `printed's ${shape.model}`
    const { outputs } = await weSignModel(job, shape, path, 'rekor-v1')
    const [cosign = '', ...others] = (outputs['verify-commands'] ?? '').split('\n')
    expect(others).toEqual([])
    expect(await shell(cosign)).toContain('Verified OK')

    // Printed where no trusted root is given, that is for the public instances.
    const [line = ''] = modelCommands(shape, path)
    const config = job.services.clientTrustConfigs['rekor-v1']
    const command = line.replace('verify sigstore', `verify sigstore --trust_config ${config}`)
    expect(await shell(command)).toContain('Verification succeeded')
    const { tamper, theirs } = tamperings(shape)[0] as Tampering
    await tamper(join(job.workspace, path))
    await expect(shell(command)).rejects.toThrow(modelSigning.refusals[theirs])
  })
})

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
