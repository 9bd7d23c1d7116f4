import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { FaultKind } from '../../../sandbox/client.ts'
import { buildIn } from '../../faults/built.ts'
import { openScene, type Scene } from '../open-scene.ts'
import type { ActionRun } from '../runner.ts'

let scene: Scene
let entry: string
beforeAll(async () => {
  scene = await openScene()
  entry = (await buildIn(scene.sandbox)).verify
  await scene.write('a', 'one')
  await scene.sign({ files: 'a', publish: 'local' })
})
afterAll(async () => {
  await scene.close()
})

/** With the sandbox's TUF repository in the place of staging's. */
const verify = async (): Promise<ActionRun> =>
  await scene.verify({ files: 'a', sigstore: 'staging', 'trusted-root': '' }, { entry })

describe('row 19', () => {
  it('what a TUF repository in force publishes is believed', async () => {
    expect(await verify()).toMatchObject({ exitCode: 0, outputs: { verified: 'true' } })
  })

  it.each<[string, FaultKind]>([
    ['TUF_EXPIRED', 'expired-timestamp'],
    ['TUF_EXPIRED', 'expired-root'],
    ['TUF_ROLLED_BACK', 'rolled-back'],
    ['TUF_INVALID', 'garbage'],
    ['TUF_UNREACHABLE', 'unreachable']
  ])('%s: %s, also right after it was in force', async (code, kind) => {
    await scene.sandbox.fault({ service: 'tuf', kind })
    const run = await verify()
    await scene.sandbox.clearFaults()
    expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
    expect(run.annotations[0]?.message).toMatch(new RegExp(`\\[${code}\\]$`))
  })
})
