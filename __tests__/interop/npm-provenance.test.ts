import { appendFile, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { runAction, type ActionRun } from '../e2e/runner.ts'

const VECTORS = join(import.meta.dirname, '../../../shared/vectors')
const TARBALL = 'sigstore-js-2.1.0.tgz'
const BUNDLE = 'sigstore-js-2.1.0-bundle.json'
const ASKED = {
  'predicate-type': 'https://slsa.dev/provenance/v1',
  'signer-workflow': 'sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main'
}

let folder: string
let workspace: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'npm-'))
  workspace = join(folder, 'workspace')
  await mkdir(workspace)
  for (const name of [TARBALL, BUNDLE]) {
    await copyFile(join(VECTORS, 'github', name), join(workspace, name))
  }
})
afterEach(async () => {
  await rm(folder, { recursive: true })
})

/** A run of somebody else's workflow, which asks about npm's tarball. */
async function verify(inputs: Record<string, string>): Promise<ActionRun> {
  return await runAction('verify', {
    workspace,
    env: { GITHUB_REPOSITORY: 'me/mine', GITHUB_REPOSITORY_ID: '1' },
    inputs: {
      files: TARBALL,
      bundle: BUNDLE,
      'trusted-root': join(VECTORS, 'trust/trusted_root.json'),
      ...inputs
    }
  })
}

describe('the provenance that npm published for sigstore 2.1.0', () => {
  it('verifies for the tarball, whose sha512 it names, by its type and workflow', async () => {
    expect(await verify(ASKED)).toMatchObject({
      exitCode: 0,
      annotations: [],
      outputs: { verified: 'true' }
    })
  })

  it.each([
    ['as a signature', { 'predicate-type': 'signature' }, 'NOT_A_MESSAGE_SIGNATURE'],
    ['as an SBOM', { 'predicate-type': 'https://spdx.dev/Document' }, 'PREDICATE_TYPE_MISMATCH'],
    [
      'by another workflow',
      { 'signer-workflow': 'sigstore/sigstore-js/.github/workflows/ci.yml' },
      'IDENTITY_MISMATCH'
    ]
  ])('is refused %s', async (_, inputs, code) => {
    const run = await verify({ ...ASKED, ...inputs })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
    expect(run.annotations[0]?.message).toContain(`[${code}]`)
  })

  it('is refused for the tarball with a byte appended', async () => {
    await appendFile(join(workspace, TARBALL), 'x')
    const run = await verify(ASKED)
    expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
    expect(run.annotations[0]?.message).toContain('[SUBJECT_MISMATCH]')
  })
})
