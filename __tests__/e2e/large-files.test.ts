import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { useScene } from './scene.ts'

const scene = useScene()

/** Enough that both doors hash on threads, whose script is a file of its own in dist. */
const SIZE = 80 * 1024 * 1024

it('signs and verifies large files, and sees a byte that changed', async () => {
  for (const name of ['a.bin', 'b.bin']) {
    await scene.write(name, name)
    await truncate(join(scene.workspace, name), SIZE)
  }
  expect(await scene.sign({ files: '*.bin' })).toMatchObject({ exitCode: 0, annotations: [] })
  expect(await scene.verify({ files: '*.bin' })).toMatchObject({ outputs: { verified: 'true' } })

  await truncate(join(scene.workspace, 'b.bin'), SIZE + 1)
  const run = await scene.verify({ files: '*.bin' })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
  expect(run.raw).toContain('[DIGEST_MISMATCH]')
})
