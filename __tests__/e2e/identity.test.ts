import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openScene, type Scene } from './scene.ts'

const WORKFLOW = 'octo-org/octo-models/.github/workflows/release.yml'
const IDENTITY = `https://github.com/${WORKFLOW}@refs/heads/main`
const SHA = '8f4e7b1c9a2d5e60f3b7c8d91a2b3c4d5e6f7081'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
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
    [{ 'signer-workflow': '.github/workflows/other.yml' }, 'buildSignerURI'],
    [{ 'signer-workflow': `${WORKFLOW}@refs/heads/dev` }, 'buildSignerURI'],
    [{ 'signer-workflow': '.github/workflows/Release.yml' }, 'buildSignerURI'],
    [{ 'signer-workflow': 'any', repository: 'octo-org/octo' }, 'sourceRepositoryURI'],
    [{ 'signer-workflow': 'any', owner: 'octo' }, 'sourceRepositoryOwnerURI'],
    [{ 'source-ref': 'refs/tags/main' }, 'sourceRepositoryRef'],
    [{ 'source-digest': SHA.replace('8', '9') }, 'sourceRepositoryDigest'],
    [{ environment: 'production' }, 'deploymentEnvironment'],
    [{ 'certificate-identity': IDENTITY.slice(0, -1) }, 'subjectAlternativeName'],
    [{ 'certificate-identity-regexp': 'github.com/octo-org' }, 'subjectAlternativeName'],
    [
      { 'certificate-identity': IDENTITY, 'certificate-oidc-issuer': 'https://example.com' },
      'issuer'
    ]
  ])('%j', async (inputs, claim) => {
    const run = await scene.verify({ files: 'a', ...inputs })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
    expect(run.annotations[0]?.message).toMatch(/\[IDENTITY_MISMATCH\]$/)
    expect(run.log.match(/^ {2}\w+: expected/gm)).toHaveLength(1)
    expect(run.log).toContain(`  ${claim}: expected`)
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
    await scene.sandbox.setClaims({
      runner_environment: 'github-hosted',
      event_name: 'pull_request_target'
    })
    await scene.write('c', 'three')
    await scene.sign({ files: 'c' })
    await scene.sandbox.setClaims({ event_name: 'push' })

    expect(await scene.verify({ files: 'b' })).toMatchObject({ exitCode: 0 })
    const self = await scene.verify({ files: 'b', 'deny-self-hosted-runners': 'true' })
    expect(self.log).toContain('runnerEnvironment: expected "github-hosted"')
    const target = await scene.verify({ files: 'c' })
    expect(target.log).toContain('buildTrigger: expected "any trigger but pull_request_target"')
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
