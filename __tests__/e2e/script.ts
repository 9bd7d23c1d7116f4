import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ActionRun, runAction, type RunOptions } from './runner.ts'

/** Runs a module's text as an action; `src` in an import is the repository's. */
export async function runScript(
  script: string,
  options: Partial<RunOptions> = {}
): Promise<ActionRun> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'script-')))
  try {
    const workspace = join(folder, 'workspace')
    const entry = join(folder, 'main.mjs')
    const action = join(folder, 'action.yml')
    const source = new URL('../../src/', import.meta.url).href
    await mkdir(workspace)
    await writeFile(entry, script.replaceAll("'src/", `'${source}`))
    await writeFile(action, 'runs: { using: node24, main: main.mjs }')
    return await runAction('sign', { action, workspace, ...options })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
