import type { Ground } from './environment.ts'

/** The run that a door is part of. Texts are empty where the server does not say (old GHES). */
export type RunContext = {
  /** As `https://github.com`, without a slash at the end. */
  serverUrl: string
  /** owner/name */
  repository: string
  /** Numbers as text, which is what Fulcio's extensions hold. */
  repositoryId: string
  owner: string
  /** The calling workflow's file and ref: `owner/name/.github/workflows/x.yml@refs/heads/main` */
  workflowRef: string
  ref: string
  sha: string
  runId: string
  runAttempt: string
  eventName: string
  job: string
  /** `github-hosted` or `self-hosted` */
  runnerEnvironment: string
  /** Absolute path of the checked-out files. */
  workspace: string
  /** The verify action of the same release, as a workflow's `uses:` names it. */
  verifyAction: string
}

/** The run that an environment tells of. */
export function readRunContext(env: Ground['env'] = process.env): RunContext {
  return {
    serverUrl: (env.GITHUB_SERVER_URL ?? 'https://github.com').replace(/\/+$/, ''),
    repository: env.GITHUB_REPOSITORY ?? '',
    repositoryId: env.GITHUB_REPOSITORY_ID ?? '',
    owner: env.GITHUB_REPOSITORY_OWNER ?? '',
    workflowRef: env.GITHUB_WORKFLOW_REF ?? '',
    ref: env.GITHUB_REF ?? '',
    sha: env.GITHUB_SHA ?? '',
    runId: env.GITHUB_RUN_ID ?? '',
    runAttempt: env.GITHUB_RUN_ATTEMPT ?? '',
    eventName: env.GITHUB_EVENT_NAME ?? '',
    job: env.GITHUB_JOB ?? '',
    runnerEnvironment: env.RUNNER_ENVIRONMENT ?? '',
    workspace: env.GITHUB_WORKSPACE ?? process.cwd(),
    verifyAction: `${filled(env.GITHUB_ACTION_REPOSITORY, 'OWNER/keyless-sign')}/verify@${filled(env.GITHUB_ACTION_REF, 'v1')}`
  }
}

/** Both variables of the action are there and empty for `uses: ./`. */
function filled(value: string | undefined, otherwise: string): string {
  return value === undefined || value === '' ? otherwise : value
}

/** This process's ground. */
export async function readGround(): Promise<Ground> {
  // Not before the proxies were checked: it reads them as it loads, and shows what it cannot read.
  const { context } = await import('@actions/github')
  return {
    env: process.env,
    eventName: context.eventName,
    payload: context.payload
  }
}
