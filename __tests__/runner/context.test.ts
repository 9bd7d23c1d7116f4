import { describe, expect, it } from '@jest/globals'
import { readRunContext } from '../../src/runner/context.ts'
import { runScript } from '../e2e/script.ts'

describe('the run', () => {
  it('is read from the environment', () => {
    const run = readRunContext({
      GITHUB_SERVER_URL: 'https://octo.ghe.com/',
      GITHUB_REPOSITORY: 'octo/app',
      GITHUB_REPOSITORY_ID: '42',
      GITHUB_REPOSITORY_OWNER: 'octo',
      GITHUB_WORKFLOW_REF: 'octo/app/.github/workflows/x.yml@refs/heads/main',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: 'c0ffee',
      GITHUB_RUN_ID: '7',
      GITHUB_RUN_ATTEMPT: '2',
      GITHUB_EVENT_NAME: 'push',
      GITHUB_JOB: 'sign',
      RUNNER_ENVIRONMENT: 'github-hosted',
      GITHUB_WORKSPACE: '/w',
      GITHUB_ACTION_REPOSITORY: 'octo/keyless-sign',
      GITHUB_ACTION_REF: 'v1.2.3'
    })
    expect(run).toEqual({
      serverUrl: 'https://octo.ghe.com',
      repository: 'octo/app',
      repositoryId: '42',
      owner: 'octo',
      workflowRef: 'octo/app/.github/workflows/x.yml@refs/heads/main',
      ref: 'refs/heads/main',
      sha: 'c0ffee',
      runId: '7',
      runAttempt: '2',
      eventName: 'push',
      job: 'sign',
      runnerEnvironment: 'github-hosted',
      workspace: '/w',
      verifyAction: 'octo/keyless-sign/verify@v1.2.3'
    })
  })

  it('is of github.com where nothing says another server', () => {
    expect(readRunContext({})).toMatchObject({ serverUrl: 'https://github.com', workflowRef: '' })
  })

  it('names the verify action of a first release for uses: ./', () => {
    const run = readRunContext({ GITHUB_ACTION_REPOSITORY: '', GITHUB_ACTION_REF: '' })
    expect(run.verifyAction).toBe('OWNER/keyless-sign/verify@v1')
  })

  it('has its event in the ground', async () => {
    const { log } = await runScript(
      `import { readGround } from 'src/runner/context.ts'
       const { eventName, payload } = await readGround()
       console.log(JSON.stringify({ eventName, payload }))`,
      { env: { GITHUB_EVENT_NAME: 'release' }, event: { action: 'published' } }
    )
    expect(JSON.parse(log)).toEqual({
      eventName: 'release',
      payload: { action: 'published' }
    })
  })
})
