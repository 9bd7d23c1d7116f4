import { KeylessError } from '../errors.ts'
import { secureUrl } from '../http.ts'

/** What a door stands on, as plain data: the process's environment and its event. */
export type Ground = {
  env: Readonly<Record<string, string | undefined>>
  eventName: string
  /** The webhook's JSON; its shape is the sender's, so nothing in it is taken for granted. */
  payload: Readonly<Record<string, unknown>>
}

/**
 * The Node that the code needs, which is less than the `engines` of @sigstore 5 ask (24.15): the
 * runner brings its own Node, and `http.setGlobalProxyFromEnv` (24.14) is the newest thing used.
 */
const OLDEST_NODE = { major: 24, minor: 14 }

/**
 * Refuse to sign where a signature would be impossible, or worth nothing. For the sign door, before any work.
 *
 * @throws KeylessError TLS_DISABLED, TOKEN_IN_ENVIRONMENT, UNTRUSTED_TRIGGER,
 *   FORK_PULL_REQUEST, NO_ID_TOKEN_PERMISSION, SERVICE_URL_INSECURE
 */
export function checkSigningGround(ground: Ground): void {
  checkTls(ground.env)
  checkForeignToken(ground.env)
  checkTrigger(ground)
  checkPullRequest(ground)
  checkIdTokenPermission(ground)
}

/**
 * For both doors, before anything else.
 *
 * @throws KeylessError NODE_TOO_OLD
 */
export function checkNode(version: string): void {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const { major: oldest, minor: least } = OLDEST_NODE
  if (major > oldest || (major === oldest && minor >= least)) return
  throw new KeylessError(
    'NODE_TOO_OLD',
    `This runner runs actions with Node ${version.slice(0, 50)}, and this action needs ${oldest}.${least} or later; update the runner to its latest release.`
  )
}

function checkTls(env: Ground['env']): void {
  // Node compares with exactly this string; nothing else switches verification off.
  if (env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return
  throw new KeylessError(
    'TLS_DISABLED',
    'NODE_TLS_REJECT_UNAUTHORIZED is 0, so that anyone on the network could take the identity token; remove it, and give a private CA with NODE_EXTRA_CA_CERTS.'
  )
}

/** Other Sigstore clients let this variable beat the real identity; an earlier step may have set it. */
function checkForeignToken(env: Ground['env']): void {
  if (!env.SIGSTORE_ID_TOKEN) return
  throw new KeylessError(
    'TOKEN_IN_ENVIRONMENT',
    "SIGSTORE_ID_TOKEN is set, and this action signs with nothing but the workflow's own identity; remove the variable from this job."
  )
}

/** Runs that have the base repository's identity while outsiders choose what they work on. */
function checkTrigger({ eventName, payload }: Ground): void {
  if (eventName === 'pull_request_target') {
    throw new KeylessError(
      'UNTRUSTED_TRIGGER',
      "The event is pull_request_target, which gives this repository's identity to runs that anyone can start; sign in a workflow that starts on push, release or workflow_dispatch."
    )
  }
  if (eventName !== 'workflow_run') return
  const run = field(payload, 'workflow_run')
  // A repository that is absent was deleted, or is not ours to see: as good as a fork.
  if (sameRepository(field(run, 'head_repository'), field(payload, 'repository'))) return
  throw new KeylessError(
    'UNTRUSTED_TRIGGER',
    'The event is workflow_run after a run for a fork, whose files and artifacts an outsider chose; sign only after runs for branches of this repository.'
  )
}

/**
 * Any event about a pull request. Where an owner gives fork pull requests write tokens, they
 * would get an identity token too, and a stranger's code this repository's signature.
 */
function checkPullRequest({ payload }: Ground): void {
  if (payload.pull_request === undefined) return
  const pull = field(payload, 'pull_request')
  const from = field(field(pull, 'head'), 'repo')
  if (sameRepository(from, field(field(pull, 'base'), 'repo'))) return
  throw new KeylessError(
    'FORK_PULL_REQUEST',
    "This run is for a pull request from a fork, and forks never get an identity to sign with; sign after the merge, and skip this step until then with if: github.event_name != 'pull_request'."
  )
}

function checkIdTokenPermission({ env }: Ground): void {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = env
  if (url && token) {
    // @actions/core would send the request token to any URL.
    secureUrl(url, "GitHub's identity tokens")
    return
  }
  const dependabot = env.GITHUB_ACTOR === 'dependabot[bot]'
  throw new KeylessError(
    'NO_ID_TOKEN_PERMISSION',
    // "read-only by default" is all that Dependabot's runs are: a grant in the job helps there too.
    `This job may not ask for an identity token${dependabot ? ' (runs started by Dependabot are read-only by default)' : ''}; add "permissions: id-token: write" to the job, and where it is in a reusable workflow, to the job that calls it as well.`
  )
}

/**
 * Refuse where the workflow's artifacts cannot be written to. For the sign door, where it was asked to.
 *
 * @throws KeylessError NO_ARTIFACT_SERVICE, SERVICE_URL_INSECURE
 */
export function checkArtifactGround(env: Ground['env']): void {
  const server = URL.parse(env.GITHUB_SERVER_URL ?? 'https://github.com')?.hostname ?? ''
  // As @actions/artifact has it; elsewhere the service is an older one.
  if (!/^(github\.com|.+\.ghe\.com|.+\.localhost)$/.test(server)) {
    throw new KeylessError(
      'NO_ARTIFACT_SERVICE',
      `publish names artifact, and the server ${server} has no artifacts of version 4, as only github.com and ghe.com do; write "publish: local", and upload the bundles with the upload-artifact that works there.`
    )
  }
  const { ACTIONS_RUNTIME_TOKEN: token, ACTIONS_RESULTS_URL: url } = env
  if (!token || !url) {
    throw new KeylessError(
      'NO_ARTIFACT_SERVICE',
      `publish names artifact, and ${token ? 'ACTIONS_RESULTS_URL' : 'ACTIONS_RUNTIME_TOKEN'} is not set, as it is for every action in a workflow of GitHub's; run this as a step with "uses:", or write "publish: local".`
    )
  }
  secureUrl(url, "GitHub's results service")
}

/** Equal by number: names change hands. */
function sameRepository(one: Fields, other: Fields): boolean {
  return typeof one.id === 'number' && one.id === other.id
}

type Fields = Readonly<Record<string, unknown>>

function field(of: Fields, name: string): Fields {
  const value = of[name]
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}
