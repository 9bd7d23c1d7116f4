import { describe, expect, it } from '@jest/globals'
import {
  checkArtifactGround,
  checkNode,
  checkSigningGround,
  type Ground
} from '../../src/runner/environment.ts'

const GOOD: Ground = {
  env: {
    ACTIONS_ID_TOKEN_REQUEST_URL: 'https://pipelines.actions.githubusercontent.com/x?api-version=2',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 't'
  },
  eventName: 'push',
  payload: {}
}

const without = (ground: Partial<Ground>): Ground => ({
  ...GOOD,
  ...ground,
  env: { ...ground.env }
})
const withEnv = (env: Ground['env']): Ground => ({ ...GOOD, env: { ...GOOD.env, ...env } })

const pull = (head: unknown) => ({
  eventName: 'pull_request',
  payload: { pull_request: { head, base: { repo: { id: 1 } } } }
})
const after = (workflow_run: unknown) => ({
  eventName: 'workflow_run',
  payload: { workflow_run, repository: { id: 1 } }
})

function refusal(ground: Ground): Error {
  try {
    checkSigningGround(ground)
  } catch (error) {
    return error as Error
  }
  throw new Error('not refused')
}

describe('the ground to sign on', () => {
  it.each<[string, Partial<Ground>]>([
    ['a push', {}],
    ['a pull request of a branch', pull({ repo: { id: 1 } })],
    ['a run after one for a branch', after({ head_repository: { id: 1 } })],
    ['a release', { eventName: 'release' }]
  ])('is good: %s', (_, ground) => {
    expect(() => {
      checkSigningGround({ ...GOOD, ...ground })
    }).not.toThrow()
  })

  it.each<[string, string, Ground, RegExp]>([
    ['no TLS', 'TLS_DISABLED', withEnv({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }), /NODE_TLS_REJECT/],
    [
      'a foreign token',
      'TOKEN_IN_ENVIRONMENT',
      withEnv({ SIGSTORE_ID_TOKEN: 'secret' }),
      /SIGSTORE_ID/
    ],
    [
      'pull_request_target',
      'UNTRUSTED_TRIGGER',
      { ...GOOD, eventName: 'pull_request_target' },
      /anyone/
    ],
    [
      'a run after one for a fork',
      'UNTRUSTED_TRIGGER',
      { ...GOOD, ...after({ head_repository: { id: 2 } }) },
      /workflow_run/
    ],
    [
      'a run after one for a deleted fork',
      'UNTRUSTED_TRIGGER',
      { ...GOOD, ...after({ head_repository: null }) },
      /workflow_run/
    ],
    [
      'a run after nobody knows what',
      'UNTRUSTED_TRIGGER',
      { ...GOOD, ...after(undefined) },
      /workflow_run/
    ],
    [
      'a run whose event is empty',
      'UNTRUSTED_TRIGGER',
      { ...GOOD, eventName: 'workflow_run' },
      /workflow_run/
    ],
    [
      'a fork',
      'FORK_PULL_REQUEST',
      without(pull({ repo: { id: 2 } })),
      /forks never get an identity/
    ],
    [
      'a fork that has a token',
      'FORK_PULL_REQUEST',
      { ...GOOD, ...pull({ repo: { id: 2 } }) },
      /fork/
    ],
    [
      'a review of a fork',
      'FORK_PULL_REQUEST',
      { ...GOOD, ...pull({ repo: { id: 2 } }), eventName: 'pull_request_review' },
      /fork/
    ],
    ['a deleted fork', 'FORK_PULL_REQUEST', { ...GOOD, ...pull({ repo: null }) }, /fork/],
    [
      'no permission',
      'NO_ID_TOKEN_PERMISSION',
      without({}),
      /add "permissions: id-token: write" to the job/
    ],
    [
      'no permission for Dependabot',
      'NO_ID_TOKEN_PERMISSION',
      without({ env: { GITHUB_ACTOR: 'dependabot[bot]' } }),
      /Dependabot are read-only.*add "permissions/
    ],
    [
      'a URL without a token',
      'NO_ID_TOKEN_PERMISSION',
      withEnv({ ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' }),
      /id-token: write/
    ],
    [
      'a token for a URL in the clear',
      'SERVICE_URL_INSECURE',
      withEnv({ ACTIONS_ID_TOKEN_REQUEST_URL: 'http://example.com/?x' }),
      /identity tokens/
    ]
  ])('is refused: %s', (_, code, ground, words) => {
    const error = refusal(ground)
    expect(error).toMatchObject({ name: 'KeylessError', code })
    expect(error.message).toMatch(words)
  })

  it('never shows a token', () => {
    const { message } = refusal(withEnv({ SIGSTORE_ID_TOKEN: 'hunter2' }))
    expect(message).not.toContain('hunter2')
  })
})

describe('Node', () => {
  it.each(['v24.14.0', 'v24.21.0', 'v26.0.0'])('may be %s', version => {
    expect(() => {
      checkNode(version)
    }).not.toThrow()
  })

  it.each(['v24.13.9', 'v22.22.2', 'v9.0.0', 'nonsense', ''])('may not be %s', version => {
    expect(() => {
      checkNode(version)
    }).toThrow(expect.objectContaining({ code: 'NODE_TOO_OLD' }))
  })
})

describe('the ground for an artifact', () => {
  const good = {
    ACTIONS_RUNTIME_TOKEN: 't',
    ACTIONS_RESULTS_URL: 'https://results-receiver.actions.githubusercontent.com/'
  }

  it.each([undefined, 'https://github.com', 'https://octo.ghe.com', 'http://gh.localhost:3000'])(
    'is good at %s',
    server => {
      expect(() => {
        checkArtifactGround({ ...good, GITHUB_SERVER_URL: server })
      }).not.toThrow()
    }
  )

  it.each<[string, Ground['env']]>([
    ['NO_ARTIFACT_SERVICE', { GITHUB_SERVER_URL: 'https://github.com.example' }],
    ['NO_ARTIFACT_SERVICE', { GITHUB_SERVER_URL: 'https://ghe.com' }],
    ['NO_ARTIFACT_SERVICE', { ACTIONS_RUNTIME_TOKEN: undefined }],
    ['NO_ARTIFACT_SERVICE', { ACTIONS_RESULTS_URL: '' }],
    ['SERVICE_URL_INSECURE', { ACTIONS_RESULTS_URL: 'http://results.example' }]
  ])('is refused: %s %j', (code, env) => {
    expect(() => {
      checkArtifactGround({ ...good, ...env })
    }).toThrow(expect.objectContaining({ code }))
  })
})
