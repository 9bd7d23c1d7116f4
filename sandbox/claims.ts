/** What GitHub's issuer says of a workflow run, by claim. */
export type Claims = Record<string, string>

/** GitHub's own issuer: Fulcio certifies it, whatever address the sandbox has. */
export const ISSUER = 'https://token.actions.githubusercontent.com'

const SHA = '8f4e7b1c9a2d5e60f3b7c8d91a2b3c4d5e6f7081'
const WORKFLOW = 'octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'

/** A push to the default branch of a public repository, on a runner of GitHub's. */
export const DEFAULT_CLAIMS: Claims = {
  sub: 'repo:octo-org/octo-models:ref:refs/heads/main',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  ref_protected: 'true',
  sha: SHA,
  repository: 'octo-org/octo-models',
  repository_id: '640123001',
  repository_owner: 'octo-org',
  repository_owner_id: '65001',
  repository_visibility: 'public',
  actor: 'octocat',
  actor_id: '583231',
  head_ref: '',
  base_ref: '',
  event_name: 'push',
  workflow: 'release',
  workflow_ref: WORKFLOW,
  workflow_sha: SHA,
  job_workflow_ref: WORKFLOW,
  job_workflow_sha: SHA,
  run_id: '9000000001',
  run_number: '17',
  run_attempt: '1',
  runner_environment: 'github-hosted'
}

/** A runner's variables that say the same as the claims, by name. */
const VARIABLES: Record<string, string> = {
  GITHUB_ACTOR: 'actor',
  GITHUB_ACTOR_ID: 'actor_id',
  GITHUB_BASE_REF: 'base_ref',
  GITHUB_EVENT_NAME: 'event_name',
  GITHUB_HEAD_REF: 'head_ref',
  GITHUB_REF: 'ref',
  GITHUB_REF_PROTECTED: 'ref_protected',
  GITHUB_REF_TYPE: 'ref_type',
  GITHUB_REPOSITORY: 'repository',
  GITHUB_REPOSITORY_ID: 'repository_id',
  GITHUB_REPOSITORY_OWNER: 'repository_owner',
  GITHUB_REPOSITORY_OWNER_ID: 'repository_owner_id',
  GITHUB_RUN_ATTEMPT: 'run_attempt',
  GITHUB_RUN_ID: 'run_id',
  GITHUB_RUN_NUMBER: 'run_number',
  GITHUB_SHA: 'sha',
  GITHUB_WORKFLOW: 'workflow',
  GITHUB_WORKFLOW_REF: 'workflow_ref',
  GITHUB_WORKFLOW_SHA: 'workflow_sha',
  RUNNER_ENVIRONMENT: 'runner_environment'
}

/** The environment of a run that has these claims. */
export function runnerEnvironment(claims: Claims): Record<string, string> {
  const known = Object.entries(VARIABLES).flatMap(([variable, claim]) => {
    const value = claims[claim]
    return value === undefined ? [] : [[variable, value] as const]
  })
  return { GITHUB_SERVER_URL: 'https://github.com', ...Object.fromEntries(known) }
}
