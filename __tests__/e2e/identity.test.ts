import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openScene, type Scene } from './scene.ts'

const WORKFLOW = 'octo-org/octo-models/.github/workflows/release.yml'
const IDENTITY = `https://github.com/${WORKFLOW}@refs/heads/main`

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
  await scene.write('a', 'one')
  await scene.sign({ files: 'a' })
})
afterAll(async () => {
  await scene.close()
})

// What is refused for each input, and passes with the right value, is in policy-fields.test.ts.
describe('a signature passes', () => {
  it.each([
    {},
    { 'signer-workflow': '.github/workflows/release.yml@refs/heads/main' },
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
