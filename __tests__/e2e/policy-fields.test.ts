import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { serializeBundle } from '../../src/sigstore/bundle.ts'
import { openSession } from '../../src/sigstore/session.ts'
import { imageStatement } from '../../src/statements/image.ts'
import { fakeLog } from '../http/loopback.ts'
import { client, startInstance, type Instance } from '../sigstore/instance.ts'
import { push, type Image } from './image.ts'
import type { ActionRun } from './runner.ts'
import { openScene, type Scene } from './scene.ts'

const ISSUER = 'https://token.actions.githubusercontent.com'
const REPOSITORY = 'octo-org/octo-models'
const WORKFLOW = `${REPOSITORY}/.github/workflows/release.yml`
const IDENTITY = `https://github.com/${WORKFLOW}@refs/heads/main`
const SHA = '8f4e7b1c9a2d5e60f3b7c8d91a2b3c4d5e6f7081'

type Inputs = Record<string, string>

let instance: Instance
let scene: Scene

/** A file and an image that were signed in one run, whose certificate has all claims. */
let signed: Inputs
let image: Image

beforeAll(async () => {
  instance = await startInstance()
  scene = await openScene(instance.sandbox)
  await scene.sandbox.setClaims({ environment: 'production' })
  image = await push(scene)
  await scene.write('a', 'one')
  signed = { files: 'a', images: image.ref }
  expect(await scene.sign(signed)).toMatchObject({ exitCode: 0, outputs: { signed: '2' } })
})
afterAll(async () => {
  await scene.close()
})

async function verify(inputs: Inputs, env: Record<string, string> = {}): Promise<ActionRun> {
  return await scene.verify({ ...signed, ...inputs }, { env })
}

function expectVerified(run: ActionRun): void {
  expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { verified: 'true' } })
}

/** Both the file and the image are refused, for this one claim. */
function expectMismatch(run: ActionRun, claim: string, expected: string, found: string): void {
  expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false', images: '' } })
  const [file, image, ...more] = run.annotations.map(({ message }) => message)
  for (const message of [file, image]) {
    expect(message).toContain(`(${claim}: expected "${expected}", found ${found})`)
    expect(message).toMatch(/\[IDENTITY_MISMATCH\]$/)
  }
  expect(more).toEqual([expect.stringMatching(/\[NOT_VERIFIED\]$/)])
}

/** An input as it is right and as it is wrong, and what the refusal says was expected and found. */
type Field = {
  input: string
  right: string
  wrong: string
  /** Without which the input may not be given. */
  beside?: Inputs
  /** As the message names it, where that is not the input. */
  claim?: string
  expected?: string
  found: string
}

const ANY = { 'signer-workflow': 'any' }
const github = (path: string): string => `https://github.com/${path}`

describe('an input alone decides', () => {
  it.each<Field>([
    {
      input: 'signer-workflow',
      right: '.github/workflows/release.yml',
      wrong: '.github/workflows/other.yml',
      expected: github(`${REPOSITORY}/.github/workflows/other.yml@(any ref)`),
      found: IDENTITY
    },
    {
      input: 'signer-workflow',
      right: '.github/workflows/release.yml',
      wrong: '.github/workflows/Release.yml',
      expected: github(`${REPOSITORY}/.github/workflows/Release.yml@(any ref)`),
      found: IDENTITY
    },
    {
      input: 'signer-workflow',
      right: `${WORKFLOW}@refs/heads/main`,
      wrong: `${WORKFLOW}@refs/heads/dev`,
      expected: github(`${WORKFLOW}@refs/heads/dev`),
      found: IDENTITY
    },
    {
      input: 'signer-workflow',
      right: WORKFLOW,
      wrong: WORKFLOW.replace('octo-models', 'octo'),
      expected: github(`${WORKFLOW.replace('octo-models', 'octo')}@(any ref)`),
      found: IDENTITY
    },
    {
      input: 'repository',
      right: 'Octo-Org/Octo-Models',
      wrong: 'octo-org/octo',
      beside: ANY,
      expected: github('octo-org/octo'),
      found: github(REPOSITORY)
    },
    {
      input: 'owner',
      right: 'octo-org',
      wrong: 'octo',
      beside: ANY,
      expected: github('octo'),
      found: github('octo-org')
    },
    {
      input: 'source-ref',
      right: 'refs/heads/main',
      wrong: 'refs/tags/main',
      found: 'refs/heads/main'
    },
    { input: 'source-digest', right: SHA, wrong: SHA.replace('8', '9'), found: SHA },
    { input: 'environment', right: 'production', wrong: 'Production', found: 'production' },
    {
      input: 'certificate-identity',
      right: IDENTITY,
      wrong: IDENTITY.slice(0, -1),
      found: IDENTITY
    },
    {
      input: 'certificate-identity-regexp',
      right: 'https://github\\.com/octo-org/.*@refs/heads/main',
      wrong: 'github.com/octo-org',
      claim: 'certificate-identity',
      expected: 'a whole match of github.com/octo-org',
      found: IDENTITY
    },
    {
      input: 'certificate-oidc-issuer',
      right: ISSUER,
      wrong: `${ISSUER}/octo`,
      beside: { 'certificate-identity': IDENTITY },
      found: ISSUER
    }
  ])('$input: $wrong', async o => {
    const { input, right, wrong, beside, claim = input, expected = wrong, found } = o
    expectMismatch(await verify({ ...beside, [input]: wrong }), claim, expected, `"${found}"`)
    expectVerified(await verify({ ...beside, [input]: right }))
  })

  it('environment, where the certificate names none', async () => {
    await scene.sandbox.setClaims({ environment: undefined })
    const bare = await signAgain('no-environment')
    await scene.sandbox.setClaims({ environment: 'production' })

    const environment = 'production'
    expectMismatch(await verify({ ...bare, environment }), 'environment', environment, 'none')
    expectVerified(await verify(bare))
  })

  it('deny-self-hosted-runners', async () => {
    await scene.sandbox.setClaims({ runner_environment: 'self-hosted' })
    const self = await signAgain('self-hosted')
    await scene.sandbox.setClaims({ runner_environment: 'github-hosted' })

    const input = 'deny-self-hosted-runners'
    const denied = await verify({ ...self, [input]: 'true' })
    expectMismatch(denied, input, 'github-hosted', '"self-hosted"')
    expectVerified(await verify({ ...self, [input]: 'false' }))
    expectVerified(await verify({ [input]: 'true' }))
  })
})

describe('without an input, the run that verifies decides', () => {
  it.each([
    {
      what: 'its workflow',
      env: { GITHUB_WORKFLOW_REF: `${REPOSITORY}/.github/workflows/other.yml@refs/heads/main` },
      claim: 'buildConfigURI',
      expected: github(`${REPOSITORY}/.github/workflows/other.yml@refs/heads/main`),
      found: IDENTITY
    },
    {
      what: 'its ref',
      env: { GITHUB_WORKFLOW_REF: `${WORKFLOW}@refs/heads/dev` },
      claim: 'buildConfigURI',
      expected: github(`${WORKFLOW}@refs/heads/dev`),
      found: IDENTITY
    },
    {
      what: "its repository's number",
      env: { GITHUB_REPOSITORY_ID: '640123002' },
      claim: 'sourceRepositoryIdentifier',
      expected: '640123002',
      found: '640123001'
    }
  ])('$what', async ({ env, claim, expected, found }) => {
    expectMismatch(await verify({}, env), claim, expected, `"${found}"`)
    expectVerified(await verify({}))
  })

  it('its server', async () => {
    const run = await verify({}, { GITHUB_SERVER_URL: 'https://github.example' })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false', images: '' } })
    for (const { message } of run.annotations.slice(0, 2)) {
      expect(message).toContain(
        `certificate-oidc-issuer: expected "https://github.example/_services/token", found "${ISSUER}"`
      )
      expect(message).toMatch(/\[IDENTITY_MISMATCH\]$/)
    }
  })
})

describe('pull_request_target is refused', () => {
  // Our own sign refuses this trigger; others do not.
  beforeAll(async () => {
    await scene.sandbox.setClaims({ event_name: 'pull_request_target' })
    const session = openSession({ ...instance, http: client(), log: fakeLog() })
    const ofFile = await session.signDigest(createHash('sha256').update('one').digest())
    const { name, digest } = image
    const ofImage = await session.signStatement(imageStatement({ name, digest, annotations: {} }))
    await scene.sandbox.setClaims({ event_name: 'push' })
    await scene.write('target/file.sigstore.json', serializeBundle(ofFile))
    await scene.write('target/image.sigstore.json', serializeBundle(ofImage))
  })

  it.each<Inputs>([
    {},
    { 'signer-workflow': WORKFLOW },
    { ...ANY, repository: REPOSITORY },
    { ...ANY, owner: 'octo-org' },
    { 'source-ref': 'refs/heads/main' }
  ])('with %j', async inputs => {
    for (const subject of [
      { files: 'a', bundle: 'target/file.sigstore.json' },
      { images: image.ref, bundle: 'target/image.sigstore.json' }
    ]) {
      const run = await scene.verify({ ...subject, ...inputs })
      expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
      expect(run.annotations[0]?.message).toContain(
        '(buildTrigger: expected "any trigger but pull_request_target", found "pull_request_target")'
      )
      expect(run.annotations[0]?.message).toMatch(/\[IDENTITY_MISMATCH\]$/)
    }
  })
})

/** Signs another file and another image with the claims of now. */
async function signAgain(name: string): Promise<Inputs> {
  const { ref } = await push(scene)
  await scene.write(name, name)
  const subjects = { files: name, images: ref }
  expect(await scene.sign(subjects)).toMatchObject({ exitCode: 0, outputs: { signed: '2' } })
  return subjects
}
