import { join } from 'node:path'
import { expect } from '@jest/globals'
import { runNode } from './child.ts'
import type { Scene } from './scene.ts'

/** Fetch the artifacts of the run whose names begin so, as a later job would. */
export async function download(
  { sandbox, workspace }: Scene,
  prefix: string,
  folder: string
): Promise<void> {
  const { PATH = '' } = process.env
  const env = { ...sandbox.env, ...(await sandbox.startJob()), PATH }
  const script = join(import.meta.dirname, 'download-artifacts.ts')
  const run = await runNode([script, prefix, folder], env, workspace, 30_000)
  expect({ exitCode: run.exitCode, raw: run.raw }).toMatchObject({ exitCode: 0 })
}
