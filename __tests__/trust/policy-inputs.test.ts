import { describe, expect, it } from '@jest/globals'
import { RE2JSSyntaxException } from 're2js'
import type { CertificateIdentity, ClaimName } from '../../src/trust/identity.ts'
import { checkIdentity } from '../../src/trust/policy.ts'
import {
  identityPolicy,
  type IdentityInputs,
  type RunContext
} from '../../src/trust/policy-inputs.ts'
import { refusal } from './refusal.ts'

const GITHUB = 'https://github.com'
const ISSUER = 'https://token.actions.githubusercontent.com'
const RELEASE = '.github/workflows/release.yml'
const SHARED = 'shared/workflows/.github/workflows/sign.yml'
const SHA = '8f4e7b1c9a2d5e60f3b7c8d91a2b3c4d5e6f7081'

const context: RunContext = {
  serverUrl: GITHUB,
  repository: 'octo-org/models',
  repositoryId: '42',
  workflowRef: `octo-org/models/${RELEASE}@refs/heads/main`
}

/** A push to our own repository. */
const ours: Record<ClaimName, string> = {
  buildSignerURI: `${GITHUB}/octo-org/models/${RELEASE}@refs/heads/main`,
  buildSignerDigest: SHA,
  runnerEnvironment: 'github-hosted',
  sourceRepositoryURI: `${GITHUB}/octo-org/models`,
  sourceRepositoryDigest: SHA,
  sourceRepositoryRef: 'refs/heads/main',
  sourceRepositoryIdentifier: '42',
  sourceRepositoryOwnerURI: `${GITHUB}/octo-org`,
  sourceRepositoryOwnerIdentifier: '7',
  buildConfigURI: `${GITHUB}/octo-org/models/${RELEASE}@refs/heads/main`,
  buildConfigDigest: SHA,
  buildTrigger: 'push',
  runInvocationURI: `${GITHUB}/octo-org/models/actions/runs/1/attempts/1`,
  sourceRepositoryVisibilityAtSigning: 'public',
  deploymentEnvironment: 'production'
}

type Changes = Partial<Record<ClaimName, string | undefined>> & { issuer?: string }

function identity({ issuer = ISSUER, ...changes }: Changes = {}): CertificateIdentity {
  const claims = Object.fromEntries(
    Object.entries({ ...ours, ...changes }).filter(([, value]) => value !== undefined)
  )
  return {
    subjectAlternativeName: claims.buildSignerURI ?? 'someone@example.com',
    issuer,
    notBefore: new Date(0),
    notAfter: new Date(1),
    claims
  }
}

const CLAIMS: Record<string, string> = {
  'certificate-oidc-issuer': 'issuer',
  'certificate-identity': 'subjectAlternativeName',
  'signer-workflow': 'buildSignerURI',
  repository: 'sourceRepositoryURI',
  owner: 'sourceRepositoryOwnerURI',
  'source-ref': 'sourceRepositoryRef',
  'source-digest': 'sourceRepositoryDigest',
  environment: 'deploymentEnvironment',
  'deny-self-hosted-runners': 'runnerEnvironment'
}

/** The claims for which the identity is refused. */
function differences(inputs: IdentityInputs, changes: Changes = {}, run = context): string[] {
  const policy = identityPolicy(inputs, run)
  try {
    checkIdentity(policy, identity(changes))
    return []
  } catch (error) {
    const found = [...(error as Error).message.matchAll(/(?:\(|; )([\w-]+): expected "/g)]
    return found.map(([, name = '']) => CLAIMS[name] ?? name)
  }
}

/** What a policy says, for people, that it expects of a claim. */
function expected(claim: ClaimName, inputs: IdentityInputs, run = context): string | undefined {
  return identityPolicy(inputs, run).requirements.find(each => each.claim === claim)?.expected
}

/** Another repository that calls a reusable workflow of a third. */
const reusable = {
  buildSignerURI: `${GITHUB}/shared/workflows/.github/workflows/sign.yml@refs/tags/v1`
}
const theirs = {
  sourceRepositoryURI: `${GITHUB}/evil/models`,
  sourceRepositoryOwnerURI: `${GITHUB}/evil`,
  sourceRepositoryIdentifier: '666'
}
const atHome = {
  ...theirs,
  sourceRepositoryURI: `${GITHUB}/shared/workflows`,
  buildSignerURI: reusable.buildSignerURI,
  buildConfigURI: reusable.buildSignerURI
}

describe('without inputs', () => {
  it('accepts this very workflow at this ref, of this repository', () => {
    expect(differences({})).toEqual([])
  })

  it('accepts it when a reusable workflow signed for it', () => {
    expect(differences({}, reusable)).toEqual([])
  })

  it("accepts the issuer of the repository's enterprise", () => {
    expect(differences({}, { issuer: `${ISSUER}/our-enterprise` })).toEqual([])
  })

  it.each<[string, Changes]>([
    ['issuer', { issuer: `${ISSUER}.evil.com` }],
    ['issuer', { issuer: `${ISSUER}/a/b` }],
    ['issuer', { issuer: `${ISSUER}/` }],
    ['issuer', { issuer: `${ISSUER}slug` }],
    ['issuer', { issuer: `${'x'.repeat(ISSUER.length)}/slug` }],
    ['buildConfigURI', { buildConfigURI: `${GITHUB}/octo-org/models/${RELEASE}@refs/heads/x` }],
    ['buildConfigURI', { buildConfigURI: ours.buildConfigURI.toUpperCase() }],
    ['buildConfigURI', { buildConfigURI: undefined }],
    ['sourceRepositoryIdentifier', { sourceRepositoryIdentifier: '43' }],
    ['sourceRepositoryIdentifier', { sourceRepositoryIdentifier: undefined }],
    ['sourceRepositoryIdentifier', { sourceRepositoryIdentifier: '' }],
    ['buildTrigger', { buildTrigger: 'pull_request_target' }],
    ['buildTrigger', { buildTrigger: undefined }]
  ])('refuses another %s (%#)', (claim, changes) => {
    expect(differences({}, changes)).toEqual([claim])
  })

  it('goes by the issuer and the names of another server', () => {
    const run = { ...context, serverUrl: 'https://octo.ghe.com', issuer: 'https://token.octo' }
    expect(differences({}, {}, run)).toEqual(['issuer', 'buildConfigURI'])
  })

  it.each([{}, { ...context, workflowRef: undefined }, { ...context, repositoryId: undefined }])(
    'refuses to guess outside of a workflow run (%#)',
    run => {
      expect(() => identityPolicy({}, run)).toThrow(refusal('POLICY_INVALID'))
    }
  )
})

describe('narrowing', () => {
  it.each<[string, IdentityInputs, Changes]>([
    ['sourceRepositoryDigest', { sourceDigest: SHA }, { sourceRepositoryDigest: 'f'.repeat(40) }],
    ['sourceRepositoryDigest', { sourceDigest: SHA }, { sourceRepositoryDigest: undefined }],
    [
      'deploymentEnvironment',
      { environment: 'production' },
      { deploymentEnvironment: 'Production' }
    ],
    ['deploymentEnvironment', { environment: 'production' }, { deploymentEnvironment: undefined }],
    ['runnerEnvironment', { denySelfHostedRunners: true }, { runnerEnvironment: 'self-hosted' }],
    ['runnerEnvironment', { denySelfHostedRunners: true }, { runnerEnvironment: undefined }]
  ])('%s keeps to what is asked, on top of the default', (claim, inputs, changes) => {
    expect(differences(inputs)).toEqual([])
    expect(differences(inputs, changes)).toEqual([claim])
    expect(differences(inputs, { sourceRepositoryIdentifier: '1' })).toEqual([
      'sourceRepositoryIdentifier'
    ])
  })

  it.each([SHA, 'a'.repeat(64)])('takes the commit %s', sourceDigest => {
    expect(differences({ sourceDigest }, { sourceRepositoryDigest: sourceDigest })).toEqual([])
  })

  it('is off where it is false', () => {
    expect(differences({ denySelfHostedRunners: false }, { runnerEnvironment: 'x' })).toEqual([])
  })
})

describe('signer-workflow', () => {
  it.each<[string, Changes]>([
    [RELEASE, {}],
    [`${RELEASE}@refs/heads/main`, {}],
    [`octo-org/models/${RELEASE}`, {}],
    [`Octo-Org/Models/${RELEASE}@refs/heads/main`, {}],
    ['shared/workflows/.github/workflows/sign.yml', reusable],
    ['shared/workflows/.github/workflows/sign.yml@refs/tags/v1', reusable],
    ['shared/workflows/.github/workflows/sign.yml@refs/tags/v1', atHome],
    [`${RELEASE}@${SHA}`, { buildSignerURI: `${GITHUB}/octo-org/models/${RELEASE}@${SHA}` }],
    [
      '.github/workflows/x.yaml',
      { buildSignerURI: `${GITHUB}/octo-org/models/.github/workflows/x.yaml@refs/heads/main` }
    ],
    ['any', {}],
    ['any', reusable],
    ['any', { sourceRepositoryURI: `${GITHUB}/octo-org/renamed` }]
  ])('%s accepts (%#)', (signerWorkflow, changes) => {
    expect(differences({ signerWorkflow }, changes)).toEqual([])
  })

  it('never accepts what pull_request_target ran', () => {
    const changes = { buildTrigger: 'pull_request_target' }
    for (const signerWorkflow of [RELEASE, `${RELEASE}@refs/heads/main`, 'any']) {
      expect(differences({ signerWorkflow }, changes)).toEqual(['buildTrigger'])
    }
  })

  const signer = (uri: string): Changes => ({ buildSignerURI: `${GITHUB}/${uri}` })
  it.each<[string, string, Changes]>([
    [RELEASE, 'buildSignerURI', signer(`octo-org/models/.github/workflows/release.yaml@x`)],
    [RELEASE, 'buildSignerURI', signer(`octo-org/models/.github/workflows/Release.yml@x`)],
    [RELEASE, 'buildSignerURI', signer(`octo-org/models-evil/${RELEASE}@x`)],
    [RELEASE, 'buildSignerURI', signer(`evil/octo-org/models/${RELEASE}@x`)],
    [RELEASE, 'buildSignerURI', signer(`octo-org/models/${RELEASE}@`)],
    [RELEASE, 'buildSignerURI', signer(`octo-org/models/${RELEASE}`)],
    [RELEASE, 'buildSignerURI', { buildSignerURI: undefined }],
    [RELEASE, 'buildSignerURI', { buildSignerURI: ours.buildSignerURI.replace('.com', '.org') }],
    [
      `${RELEASE}@refs/heads/main`,
      'buildSignerURI',
      signer(`octo-org/models/${RELEASE}@refs/heads/main2`)
    ],
    [
      `${RELEASE}@refs/heads/main`,
      'buildSignerURI',
      signer(`octo-org/models/${RELEASE}@refs/heads/Main`)
    ],
    // Of our name, and registered by somebody else since.
    [RELEASE, 'sourceRepositoryIdentifier', { sourceRepositoryIdentifier: '43' }],
    ['any', 'buildTrigger', { buildTrigger: 'pull_request_target' }],
    ['any', 'sourceRepositoryIdentifier', { sourceRepositoryIdentifier: '666' }],
    [RELEASE, 'issuer', { issuer: `${ISSUER}/slug` }]
  ])('%s refuses another %s (%#)', (signerWorkflow, claim, changes) => {
    expect(differences({ signerWorkflow }, changes)).toEqual([claim])
  })

  it('is told with its ref, or without one where any will do', () => {
    const found = (ref: string): unknown =>
      expected('buildSignerURI', { signerWorkflow: `${RELEASE}${ref}` })
    expect(found('')).toBe(`${GITHUB}/octo-org/models/${RELEASE}@(any ref)`)
    expect(found('@refs/tags/v1')).toBe(`${GITHUB}/octo-org/models/${RELEASE}@refs/tags/v1`)
  })

  it('of another repository is told with whose runs of it will do', () => {
    const home = `${GITHUB}/shared/workflows where nobody called the workflow`
    const found = (run: RunContext): unknown =>
      expected('sourceRepositoryURI', { signerWorkflow: SHARED }, run)
    expect(found(context)).toBe(`that of number 42, or ${home}`)
    expect(found({})).toBe(home)
  })

  it.each<[string, Changes]>([
    ['somebody else who calls it', { ...reusable, ...theirs }],
    ['somebody else who says it was not called', { ...atHome, ...theirs }],
    ['a repository without a number', { ...reusable, sourceRepositoryIdentifier: undefined }],
    ['its own repository, where it was called', { ...atHome, buildConfigURI: ours.buildConfigURI }],
    [
      'a repository of our name and another number',
      { ...reusable, sourceRepositoryIdentifier: '1' }
    ]
  ])('of another repository does not accept %s', (_, changes) => {
    expect(differences({ signerWorkflow: SHARED }, changes)).toEqual(['sourceRepositoryURI'])
  })
})

describe('repository, owner, source-ref', () => {
  it.each<[IdentityInputs, Changes]>([
    [{ repository: 'evil/models', signerWorkflow: 'any' }, theirs],
    [{ repository: 'EVIL/Models', sourceRef: 'refs/heads/main' }, theirs],
    [{ owner: 'Evil', signerWorkflow: 'any' }, theirs],
    [{ sourceRef: 'refs/heads/main' }, { buildConfigURI: 'another workflow' }],
    [{ repository: 'octo-org/models', signerWorkflow: RELEASE }, {}]
  ])('accept (%#)', (inputs, changes) => {
    expect(differences(inputs, changes)).toEqual([])
  })

  it.each<[string[], IdentityInputs, Changes]>([
    [['sourceRepositoryURI'], { repository: 'evil/model', signerWorkflow: 'any' }, theirs],
    [['sourceRepositoryOwnerURI'], { owner: 'evi', signerWorkflow: 'any' }, theirs],
    [['sourceRepositoryRef'], { sourceRef: 'refs/heads/mai' }, {}],
    [['sourceRepositoryRef'], { sourceRef: 'refs/heads/main' }, { sourceRepositoryRef: undefined }],
    [['buildTrigger'], { sourceRef: 'refs/heads/main' }, { buildTrigger: 'pull_request_target' }],
    [
      ['sourceRepositoryIdentifier'],
      { repository: 'octo-org/models', signerWorkflow: RELEASE },
      { sourceRepositoryIdentifier: '43' }
    ],
    [['sourceRepositoryIdentifier'], { sourceRef: 'refs/heads/main' }, theirs]
  ])('refuse another %j', (claims, inputs, changes) => {
    expect(differences(inputs, changes)).toEqual(claims)
  })

  it('do not take a missing number for that of a run without one', () => {
    const inputs = { signerWorkflow: SHARED }
    const changes = { ...reusable, sourceRepositoryIdentifier: undefined }
    expect(differences(inputs, changes, { repository: 'octo-org/models' })).toEqual([
      'sourceRepositoryURI'
    ])
  })

  it('go by the name alone where the run knows no name, or no number', () => {
    const inputs = { repository: 'octo-org/models', signerWorkflow: 'any' }
    const changes = { sourceRepositoryIdentifier: '43' }
    expect(differences(inputs, changes, { ...context, repository: undefined })).toEqual([])
    expect(differences(inputs, changes, { ...context, repositoryId: undefined })).toEqual([])
    expect(differences(inputs, theirs, { ...context, repositoryId: undefined })).toEqual([
      'sourceRepositoryURI'
    ])
  })

  it('accept a workflow in its own repository, for a run that knows neither', () => {
    expect(differences({ signerWorkflow: SHARED }, atHome, {})).toEqual([])
    expect(differences({ signerWorkflow: SHARED }, reusable, {})).toEqual(['sourceRepositoryURI'])
  })

  it('take a relative signer-workflow for one of the repository given', () => {
    const changes = { ...theirs, buildSignerURI: `${GITHUB}/evil/models/${RELEASE}@x` }
    const inputs = { repository: 'evil/models', signerWorkflow: RELEASE }
    expect(differences(inputs, changes)).toEqual([])
    expect(differences(inputs, theirs)).toEqual(['buildSignerURI'])
  })
})

describe('certificate-identity', () => {
  const certificateIdentity = ours.buildSignerURI

  it('is the whole name, and the issuer GitHub unless another is given', () => {
    expect(differences({ certificateIdentity })).toEqual([])
    expect(differences({ certificateIdentity }, theirs)).toEqual([])
    expect(differences({ certificateIdentity: 'https://github.com' })).toEqual([
      'subjectAlternativeName'
    ])
    expect(differences({ certificateIdentity }, { issuer: 'https://accounts.google.com' })).toEqual(
      ['issuer']
    )
    expect(differences({ certificateIdentity, certificateOidcIssuer: 'https://x' })).toEqual([
      'issuer'
    ])
  })

  it.each([
    [true, 'https://github\\.com/octo-org/.*'],
    [false, 'https://github\\.com/octo-org/'],
    [false, 'github'],
    [false, '^https://github\\.com/octo-org/[^@]*$'],
    [false, '.*main\\n'],
    [true, '(?i)HTTPS://GITHUB\\.COM/.*']
  ])('is matched whole: %j by %s', (accepted, certificateIdentityRegexp) => {
    expect(differences({ certificateIdentityRegexp })).toEqual(
      accepted ? [] : ['subjectAlternativeName']
    )
  })

  it('takes an instant for a pattern that hangs other engines', () => {
    const start = performance.now()
    expect(differences({ certificateIdentityRegexp: '(h+)+(t+)+.*(.+)+$x' })).toHaveLength(1)
    expect(performance.now() - start).toBeLessThan(1000)
  })

  it('has 4096 characters at most, and is not repeated where it has more', () => {
    expect(differences({ certificateIdentityRegexp: 'x'.repeat(4096) })).toHaveLength(1)
    expect(() => identityPolicy({ certificateIdentityRegexp: 'x'.repeat(4097) }, context)).toThrow(
      expect.objectContaining({
        code: 'POLICY_INVALID',
        message: expect.stringMatching(
          /^[^x]*certificate-identity-regexp has 4097 characters, .{1,60}$/
        )
      })
    )
  })
})

describe('identityPolicy refuses', () => {
  const any = { signerWorkflow: 'any' }
  it.each<[RegExp, IdentityInputs]>([
    [/repository alone/, { repository: 'octo-org/models' }],
    [/owner alone/, { owner: 'octo-org' }],
    [/owner alone/, { owner: 'octo-org', sourceDigest: SHA }],
    [/do not mix/, { certificateIdentity: 'x', signerWorkflow: RELEASE }],
    [/do not mix/, { certificateOidcIssuer: 'x', repository: 'octo-org/models' }],
    [/do not mix/, { certificateIdentity: 'x', denySelfHostedRunners: true }],
    [/do not mix/, { certificateIdentity: 'x', sourceDigest: SHA }],
    [/certificate-oidc-issuer alone/, { certificateOidcIssuer: ISSUER }],
    [/both given/, { certificateIdentity: 'x', certificateIdentityRegexp: 'x' }],
    [/RE2/, { certificateIdentityRegexp: '(?=x)' }],
    [/RE2/, { certificateIdentityRegexp: '(' }],
    [/RE2/, { certificateIdentityRegexp: '(x)\\1' }],
    [/signer-workflow is empty/, { signerWorkflow: '' }],
    [/certificate-identity is empty/, { certificateIdentity: ' ' }],
    [/certificate-oidc-issuer is empty/, { certificateIdentity: 'x', certificateOidcIssuer: '' }],
    [/environment is empty/, { environment: '' }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: 'release.yml' }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: '*' }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: 'Any' }],
    [
      /signer-workflow is ".*", neither/,
      { signerWorkflow: `${GITHUB}/octo-org/models/${RELEASE}` }
    ],
    [/signer-workflow is ".*", neither/, { signerWorkflow: `${RELEASE}@` }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: '.github/workflows/../x.yml' }],
    [/of which repository/, { signerWorkflow: RELEASE, owner: 'octo-org' }],
    [/form owner\/name/, { ...any, repository: 'models' }],
    [/form owner\/name/, { ...any, repository: `${GITHUB}/octo-org/models` }],
    [/name of a user/, { ...any, owner: 'octo-org/models' }],
    [/refs\/heads\/main/, { sourceRef: 'main' }],
    [/whole commit hash/, { sourceDigest: '8f4e7b1' }],
    [/whole commit hash/, { sourceDigest: `${SHA}0` }],
    [/whole commit hash/, { sourceDigest: `0${SHA}` }],
    [/whole commit hash/, { sourceDigest: 'a'.repeat(63) }],
    [/whole commit hash/, { sourceDigest: 'a'.repeat(65) }],
    [/form owner\/name/, { ...any, repository: 'octo-org/models/x' }],
    [/form owner\/name/, { ...any, repository: ' octo-org/models' }],
    [/form owner\/name/, { ...any, repository: 'octo-org/models ' }],
    [/form owner\/name/, { ...any, repository: '/models' }],
    [/form owner\/name/, { ...any, repository: 'octo-org/' }],
    [/name of a user/, { ...any, owner: ' octo-org' }],
    [/name of a user/, { ...any, owner: 'octo-org ' }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: ` ${RELEASE}` }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: `${RELEASE}x` }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: `models/${RELEASE}` }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: `octo org/models/${RELEASE}` }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: `octo-org/models${RELEASE}` }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: '.github/workflows/a/b.yml' }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: '.github/workflows/.txt' }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: `${RELEASE}@refs/heads/a b` }],
    [/signer-workflow is ".*", neither/, { signerWorkflow: `${RELEASE}@refs/heads/a@b` }],
    [
      /with @main, which is not a full ref; write @refs\/heads\/main or @refs\/tags\/main\.$/,
      { signerWorkflow: `${RELEASE}@main` }
    ],
    [/not a full ref/, { signerWorkflow: `${RELEASE}@refs/` }],
    [/not a full ref/, { signerWorkflow: `${RELEASE}@xrefs/heads/main` }],
    [/not a full ref/, { signerWorkflow: `${RELEASE}@${SHA}0` }],
    [/not a full ref/, { signerWorkflow: `${RELEASE}@0${SHA}` }],
    [
      /@x{100}, which.*heads\/x{100} or.*tags\/x{100}\.$/,
      { signerWorkflow: `${RELEASE}@${'x'.repeat(101)}` }
    ],
    [
      /used: certificate-identity and signer-workflow do not mix/,
      { certificateIdentity: 'x', signerWorkflow: RELEASE }
    ],
    [
      /certificate-identity, certificate-oidc-issuer and deny-self-hosted-runners do not mix/,
      { certificateIdentity: 'x', certificateOidcIssuer: 'x', denySelfHostedRunners: true }
    ],
    [/whole commit hash/, { sourceDigest: SHA.toUpperCase() }]
  ])('%s', (words, inputs) => {
    expect(() => identityPolicy(inputs, context)).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID', message: expect.stringMatching(words) })
    )
    expect(() => identityPolicy(inputs, context)).toThrow(refusal('POLICY_INVALID'))
  })

  it.each([
    ['signer-workflow', 'signerWorkflow'],
    ['repository', 'repository'],
    ['owner', 'owner'],
    ['source-ref', 'sourceRef'],
    ['source-digest', 'sourceDigest'],
    ['environment', 'environment'],
    ['certificate-identity', 'certificateIdentity'],
    ['certificate-identity-regexp', 'certificateIdentityRegexp'],
    ['certificate-oidc-issuer', 'certificateOidcIssuer']
  ])('an empty %s', (input, name) => {
    for (const value of ['', ' ', '\n']) {
      expect(() => identityPolicy({ [name]: value }, context)).toThrow(`${input} is empty`)
    }
  })

  it('what is no regular expression, with what RE2 says of it', () => {
    expect(() => identityPolicy({ certificateIdentityRegexp: '(' }, context)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/in RE2 syntax: .*missing closing \): `\(`\.$/),
        cause: expect.any(RE2JSSyntaxException) as unknown
      })
    )
  })

  it('what is no regular expression, without repeating all of it', () => {
    const certificateIdentityRegexp = `(${'x'.repeat(300)}`
    expect(() => identityPolicy({ certificateIdentityRegexp }, context)).toThrow(
      /in RE2 syntax: error .{194}\.$/
    )
  })

  it('mixing, whichever the input', () => {
    for (const name of [
      'signerWorkflow',
      'repository',
      'owner',
      'sourceRef',
      'sourceDigest',
      'environment'
    ]) {
      const inputs = { certificateIdentity: 'x', [name]: 'x' }
      expect(() => identityPolicy(inputs, context)).toThrow(/do not mix/)
    }
  })

  it('this repository outside of a run', () => {
    expect(() => identityPolicy(any, {})).toThrow(/no workflow run/)
    expect(() => identityPolicy({ signerWorkflow: RELEASE }, {})).toThrow(/of which repository/)
  })
})
