import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { serializeBundle } from '../../src/sigstore/bundle.ts'
import { openSession } from '../../src/sigstore/session.ts'
import { fakeLog } from '../http/loopback.ts'
import { client, startInstance, type Instance } from '../sigstore/instance.ts'
import { openScene, type Scene } from './scene.ts'

const WORKFLOW = 'octo-org/octo-models/.github/workflows/release.yml'
const IDENTITY = `https://github.com/${WORKFLOW}@refs/heads/main`
const SHA = '8f4e7b1c9a2d5e60f3b7c8d91a2b3c4d5e6f7081'

let instance: Instance
let scene: Scene
beforeAll(async () => {
  instance = await startInstance()
  scene = await openScene(instance.sandbox)
  await scene.write('a', 'one')
  await scene.sign({ files: 'a' })
})
afterAll(async () => {
  await scene.close()
})

describe('a signature passes', () => {
  it.each([
    {},
    { 'signer-workflow': '.github/workflows/release.yml' },
    { 'signer-workflow': '.github/workflows/release.yml@refs/heads/main' },
    { 'signer-workflow': WORKFLOW },
    { 'signer-workflow': 'any', repository: 'Octo-Org/Octo-Models' },
    { 'signer-workflow': 'any', owner: 'octo-org' },
    { 'source-ref': 'refs/heads/main' },
    { 'source-digest': SHA },
    { 'deny-self-hosted-runners': 'true' },
    { 'certificate-identity': IDENTITY },
    { 'certificate-identity-regexp': 'https://github\\.com/octo-org/.*@refs/heads/main' },
    {
      'certificate-identity': IDENTITY,
      'certificate-oidc-issuer': 'https://token.actions.githubusercontent.com'
    }
  ])('%j', async inputs => {
    expect(await scene.verify({ files: 'a', ...inputs })).toMatchObject({
      exitCode: 0,
      annotations: [],
      outputs: { verified: 'true' }
    })
  })
})

describe('a signature is refused for one thing that differs', () => {
  it.each([
    [{ 'signer-workflow': '.github/workflows/other.yml' }, 'signer-workflow'],
    [{ 'signer-workflow': `${WORKFLOW}@refs/heads/dev` }, 'signer-workflow'],
    [{ 'signer-workflow': '.github/workflows/Release.yml' }, 'signer-workflow'],
    [{ 'signer-workflow': 'any', repository: 'octo-org/octo' }, 'repository'],
    [{ 'signer-workflow': 'any', owner: 'octo' }, 'owner'],
    [{ 'source-ref': 'refs/tags/main' }, 'source-ref'],
    [{ 'source-digest': SHA.replace('8', '9') }, 'source-digest'],
    [{ environment: 'production' }, 'environment'],
    [{ 'certificate-identity': IDENTITY.slice(0, -1) }, 'certificate-identity'],
    [{ 'certificate-identity-regexp': 'github.com/octo-org' }, 'certificate-identity'],
    [
      { 'certificate-identity': IDENTITY, 'certificate-oidc-issuer': 'https://example.com' },
      'certificate-oidc-issuer'
    ]
  ])('%j', async (inputs, claim) => {
    const run = await scene.verify({ files: 'a', ...inputs })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
    expect(run.annotations[0]?.message).toMatch(/\[IDENTITY_MISMATCH\]$/)
    expect(run.annotations[0]?.message.match(/: expected "/g)).toHaveLength(1)
    expect(run.annotations[0]?.message).toContain(`(${claim}: expected "`)
  })

  it('whose run was elsewhere, when no input says whose it should be', async () => {
    for (const env of [
      { GITHUB_WORKFLOW_REF: `${WORKFLOW}@refs/heads/dev` },
      { GITHUB_REPOSITORY_ID: '1' },
      { GITHUB_SERVER_URL: 'https://github.example' }
    ]) {
      const run = await scene.verify({ files: 'a' }, { env })
      expect(run.annotations[0]?.message).toMatch(/\[IDENTITY_MISMATCH\]$/)
    }
  })

  it('that a self-hosted runner made, or pull_request_target started', async () => {
    await scene.write('b', 'two')
    await scene.sandbox.setClaims({ runner_environment: 'self-hosted' })
    await scene.sign({ files: 'b' })
    // Our own sign refuses this trigger; others do not.
    await scene.sandbox.setClaims({
      runner_environment: 'github-hosted',
      event_name: 'pull_request_target'
    })
    const session = openSession({ ...instance, http: client(), log: fakeLog() })
    const bundle = await session.signDigest(createHash('sha256').update('three').digest())
    await scene.write('c', 'three')
    await scene.write('c.sigstore.json', serializeBundle(bundle))
    await scene.sandbox.setClaims({ event_name: 'push' })

    expect(await scene.verify({ files: 'b' })).toMatchObject({ exitCode: 0 })
    const self = await scene.verify({ files: 'b', 'deny-self-hosted-runners': 'true' })
    expect(self.annotations[0]?.message).toContain(
      'deny-self-hosted-runners: expected "github-hosted"'
    )
    for (const inputs of [
      {},
      { 'signer-workflow': WORKFLOW },
      { 'source-ref': 'refs/heads/main' }
    ]) {
      const target = await scene.verify({ files: 'c', ...inputs })
      expect(target.annotations[0]?.message).toContain(
        'buildTrigger: expected "any trigger but pull_request_target"'
      )
    }
  })
})

it('the identity that was found is given as inputs that make it pass', async () => {
  const env = { GITHUB_WORKFLOW_REF: `${WORKFLOW}@refs/heads/dev` }
  const refused = await scene.verify({ files: 'a' }, { env })
  expect(refused.log).toContain('If you trust that identity, and only then')
  const pasted = Object.fromEntries(
    [...refused.log.matchAll(/^ {2}(signer-workflow|repository): (.*)$/gm)].map(
      ([, name, value]) => [name, value]
    )
  ) as Record<string, string>
  expect(Object.keys(pasted)).toEqual(['signer-workflow', 'repository'])
  expect(await scene.verify({ files: 'a', ...pasted }, { env })).toMatchObject({ exitCode: 0 })
})

describe('without predicate-type an attestation is no signature, and the other way round', () => {
  it('refuses a message signature where a statement is asked for', async () => {
    const run = await scene.verify({
      files: 'a',
      'predicate-type': 'https://slsa.dev/provenance/v1'
    })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
    expect(run.annotations[0]?.message).toMatch(/\[NOT_A_STATEMENT\]$/)
  })
})
