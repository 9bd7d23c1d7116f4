import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { DEFAULT_CLAIMS, runnerEnvironment } from '../../../sandbox/claims.ts'
import type { Code } from '../../../src/errors.ts'
import { all, type Edit, type Json } from '../../trust/edit.ts'
import { FILE, Instance, type Differences } from '../../trust/instance.ts'
import { runAction, type ActionRun, type RunOptions } from '../runner.ts'

export const instance = new Instance()
/** Another Sigstore, which nobody here trusts. */
export const stranger = new Instance()

/** What is before the gate: an honest file with its bundle, but for what is said here. */
export type Given = {
  /** How the bundle was made otherwise. */
  made?: Differences
  /** The bundle's text is this. */
  bundle?: Json | string | Buffer
  /** What was changed in the bundle afterwards. */
  edit?: Edit
  file?: Buffer
  /** What is changed in the trusted root, or all of it. */
  root?: Edit | Json
  inputs?: Record<string, string>
  run?: Partial<RunOptions>
}

/** Row of verification.md, code, what is before the gate in words, and what is. */
export type Case = [row: number, code: Code | 'UNEXPECTED', what: string, given: Given]

/** Tests of `dist/verify`: that it lets an honest bundle pass, and refuses each of these with its code. */
export function testRows(honest: Given[], cases: Case[]): void {
  it.each(honest)('an honest bundle passes (%#)', async given => {
    const run = await verify(given)
    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { verified: 'true' } })
  })

  it.each(cases)('row %i: %s: %s', async (_, code, __, given) => {
    const run = await verify(given)
    expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
    const [first] = run.annotations
    expect(first).toMatchObject({
      level: 'error',
      message: expect.stringMatching(new RegExp(`\\[${code}\\]$`))
    })
  })
}

/** Runs the verify action, with its defaults but for the trusted root, on what is given. */
export async function verify(given: Given): Promise<ActionRun> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'gate-')))
  try {
    const workspace = join(folder, 'workspace')
    await mkdir(workspace)
    const write = async (name: string, content: Json | string | Buffer): Promise<void> => {
      const text = typeof content === 'string' || Buffer.isBuffer(content)
      await writeFile(join(workspace, name), text ? content : JSON.stringify(content))
    }
    const { bundle = instance.sign(given.made), edit, file = FILE, root } = given
    if (edit) all(edit)(bundle as Json)
    await write('file', file)
    await write('file.sigstore.json', bundle)
    const trusted = typeof root === 'object' ? root : instance.rootJson()
    if (typeof root === 'function') root(trusted)
    await write('root.json', trusted)
    return await runAction('verify', {
      workspace,
      inputs: { files: 'file', 'trusted-root': 'root.json', ...given.inputs },
      ...given.run,
      env: { ...runnerEnvironment(DEFAULT_CLAIMS), ...given.run?.env }
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
