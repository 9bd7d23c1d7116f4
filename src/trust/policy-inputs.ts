import { RE2JS } from 're2js'
import { KeylessError } from '../errors.ts'
import { GITHUB_ISSUER, splitWorkflow } from './identity.ts'
import { quote } from './quote.ts'
import { exactly, type IdentityPolicy, type Requirement } from './policy.ts'

/** Identity inputs of the verify action; `undefined` is "not given". */
export type IdentityInputs = Partial<
  Record<(typeof GITHUB_INPUTS)[number] | (typeof COSIGN_INPUTS)[number], string | undefined>
> & { denySelfHostedRunners?: boolean | undefined }

/** The run that verifies, from the runner's environment; all of it GitHub's own words. */
export type RunContext = {
  /** GITHUB_SERVER_URL */
  serverUrl?: string | undefined
  /** GITHUB_REPOSITORY */
  repository?: string | undefined
  /** GITHUB_REPOSITORY_ID */
  repositoryId?: string | undefined
  /** Of the tokens of that server's runs; that of github.com when absent. */
  issuer?: string | undefined
  /** GITHUB_WORKFLOW_REF: `OWNER/REPO/.github/workflows/FILE@REF` */
  workflowRef?: string | undefined
}

const GITHUB_INPUTS = [
  'signerWorkflow',
  'repository',
  'owner',
  'sourceRef',
  'sourceDigest',
  'environment'
] as const
const COSIGN_INPUTS = [
  'certificateIdentity',
  'certificateIdentityRegexp',
  'certificateOidcIssuer'
] as const

/**
 * Makes the identity policy out of the verify action's inputs and the run it runs in. Pure.
 *
 * With no input that says whose signature it must be: this very workflow at this ref, of this
 * repository by its number, not run by `pull_request_target`. `source-digest`, `environment` and
 * `deny-self-hosted-runners` only ever narrow.
 *
 * @throws KeylessError POLICY_INVALID, in a sentence that names the input
 */
export function identityPolicy(inputs: IdentityInputs, context: RunContext): IdentityPolicy {
  for (const name of [...GITHUB_INPUTS, ...COSIGN_INPUTS]) {
    if (inputs[name]?.trim() === '') throw invalid(`${kebab(name)} is empty`)
  }
  const cosign = COSIGN_INPUTS.filter(name => inputs[name] !== undefined)
  if (cosign.length === 0) return { requirements: github(inputs, context) }

  const mixed = GITHUB_INPUTS.find(name => inputs[name] !== undefined)
  if (mixed ?? inputs.denySelfHostedRunners) {
    throw invalid(
      `${cosign.map(kebab).join(', ')} and ${kebab(mixed ?? 'denySelfHostedRunners')} do not mix; give the identity in one way or the other`
    )
  }
  return { requirements: certificate(inputs) }
}

function certificate(inputs: IdentityInputs): Requirement[] {
  const { certificateIdentity: exact, certificateIdentityRegexp: pattern } = inputs
  const issuer = exactly('issuer', inputs.certificateOidcIssuer ?? GITHUB_ISSUER)
  if (exact !== undefined && pattern === undefined) {
    return [issuer, exactly('subjectAlternativeName', exact)]
  }
  if (pattern !== undefined && exact === undefined) return [issuer, matching(pattern)]
  throw invalid(
    exact === undefined
      ? 'certificate-oidc-issuer alone would accept everyone it knows; add certificate-identity'
      : 'certificate-identity and certificate-identity-regexp are both given; give one'
  )
}

// The work of RE2 grows with the expression, too: tens of kilobytes of repetitions take it seconds.
const LONGEST_PATTERN = 4096

function matching(pattern: string): Requirement {
  if (pattern.length > LONGEST_PATTERN) {
    throw invalid(
      `certificate-identity-regexp has ${pattern.length} characters, and may have ${LONGEST_PATTERN}`
    )
  }
  let regexp: RE2JS
  try {
    regexp = RE2JS.compile(pattern)
  } catch (cause) {
    throw invalid(
      `certificate-identity-regexp is not a regular expression in RE2 syntax: ${cause instanceof Error ? cause.message.slice(0, 200) : 'unreadable'}`,
      cause
    )
  }
  return {
    claim: 'subjectAlternativeName',
    expected: `a whole match of ${pattern}`,
    accepts: found => regexp.matches(found)
  }
}

function github(inputs: IdentityInputs, context: RunContext): Requirement[] {
  const { signerWorkflow, repository, owner, sourceRef } = inputs
  const whose = [signerWorkflow, repository, owner, sourceRef].some(each => each !== undefined)
  const required = whose ? named(inputs, context) : thisWorkflow(context)

  if (inputs.sourceDigest !== undefined) {
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(inputs.sourceDigest)) {
      throw invalid(
        `source-digest is ${quote(inputs.sourceDigest)}, not a whole commit hash in lower-case hexadecimal`
      )
    }
    required.push(exactly('sourceRepositoryDigest', inputs.sourceDigest))
  }
  if (inputs.environment !== undefined) {
    required.push(exactly('deploymentEnvironment', inputs.environment))
  }
  if (inputs.denySelfHostedRunners === true) {
    required.push(exactly('runnerEnvironment', 'github-hosted'))
  }
  return required
}

// What a verify job behind a sign job means. The number survives renames, and nobody gets it by
// registering an abandoned name.
function thisWorkflow(context: RunContext): Requirement[] {
  const { workflowRef, repositoryId, issuer = GITHUB_ISSUER } = context
  if (workflowRef === undefined || repositoryId === undefined) {
    throw invalid(
      'whose signature it must be is not given, and there is no workflow run to take it from; give signer-workflow or certificate-identity'
    )
  }
  return [
    {
      claim: 'issuer',
      expected: issuer,
      // An enterprise may have its own path below (`…/SLUG`). A run is not told, but GitHub is the
      // issuer all the same, and the number below is of all of GitHub.
      accepts: found =>
        found === issuer ||
        (found.startsWith(`${issuer}/`) && /^[A-Za-z0-9-]+$/.test(found.slice(issuer.length + 1)))
    },
    exactly('buildConfigURI', `${server(context)}/${workflowRef}`),
    exactly('sourceRepositoryIdentifier', repositoryId),
    notPullRequestTarget
  ]
}

function named(inputs: IdentityInputs, context: RunContext): Requirement[] {
  const { signerWorkflow, repository, owner, sourceRef } = inputs
  if (signerWorkflow === undefined && sourceRef === undefined) {
    throw invalid(
      `${repository === undefined ? 'owner' : 'repository'} alone would accept a signature from any branch of it; add signer-workflow or source-ref, or write signer-workflow: any`
    )
  }
  const required = [exactly('issuer', context.issuer ?? GITHUB_ISSUER), notPullRequestTarget]

  const workflow =
    signerWorkflow === undefined || signerWorkflow === 'any'
      ? undefined
      : parseWorkflow(signerWorkflow, inputs, context)
  if (workflow) required.push(signedBy(workflow))

  if (repository !== undefined) required.push(...inRepository(repository, context))
  if (owner !== undefined) required.push(ownedBy(owner, context))
  if (repository === undefined && owner === undefined) {
    required.push(inThisRepository(context, workflow))
  }
  if (sourceRef !== undefined) {
    if (!sourceRef.startsWith('refs/')) {
      throw invalid(
        `source-ref is not a full ref; write refs/heads/${sourceRef} or refs/tags/${sourceRef}`
      )
    }
    required.push(exactly('sourceRepositoryRef', sourceRef))
  }
  return required
}

// Anyone can start such a run, and it often runs what a fork sent.
const notPullRequestTarget: Requirement = {
  claim: 'buildTrigger',
  expected: 'any trigger but pull_request_target',
  accepts: found => found !== 'pull_request_target'
}

type Workflow = { server: string; repository: string; path: string; ref: string | undefined }

// `.github/workflows/x.yml` or `owner/repo/.github/workflows/x.yml`, each with or without `@ref`.
function parseWorkflow(input: string, inputs: IdentityInputs, context: RunContext): Workflow {
  const match =
    /^(?:([\w-]+\/[\w.-]+)\/)?(\.github\/workflows\/[^@/]+\.ya?ml)(?:@([^\s@]+))?$/.exec(input)
  const path = match?.[2]
  if (path === undefined) {
    throw invalid(
      `signer-workflow is ${quote(input)}, neither a workflow file (.github/workflows/x.yml or owner/repo/.github/workflows/x.yml, with or without @ref) nor the word any`
    )
  }
  const repository =
    match?.[1] ?? inputs.repository ?? (inputs.owner ? undefined : context.repository)
  if (repository === undefined) {
    throw invalid('signer-workflow does not say of which repository; write owner/repo/.github/…')
  }
  const ref = match?.[3]
  if (ref !== undefined && !/^(refs\/.+|[0-9a-f]{40})$/.test(ref)) {
    throw invalid(
      `signer-workflow ends with @${ref.slice(0, 100)}, which is not a full ref; write @refs/heads/${ref.slice(0, 100)} or @refs/tags/${ref.slice(0, 100)}`
    )
  }
  return { server: server(context), repository, path, ref }
}

// The Build Signer URI names the workflow whose step signed: the called one where a reusable
// workflow did. Owner and repository have no case on GitHub, paths and refs do.
function signedBy({ server, repository, path, ref }: Workflow): Requirement {
  return {
    claim: 'buildSignerURI',
    expected: `${server}/${repository}/${path}@${ref ?? '(any ref)'}`,
    accepts: uri => {
      const found = splitWorkflow(uri)
      return (
        found?.server === server &&
        sameName(found.repository, repository) &&
        found.path === path &&
        (ref === undefined || found.ref === ref)
      )
    }
  }
}

function inRepository(repository: string, context: RunContext): Requirement[] {
  if (!/^[\w-]+\/[\w.-]+$/.test(repository)) {
    throw invalid(`repository is ${quote(repository)}, not of the form owner/name`)
  }
  const { repositoryId } = context
  const here = context.repository !== undefined && sameName(repository, context.repository)
  return [
    located('sourceRepositoryURI', `${server(context)}/${repository}`),
    // A name can change hands; our own number we know.
    ...(here && repositoryId !== undefined
      ? [exactly('sourceRepositoryIdentifier', repositoryId)]
      : [])
  ]
}

function ownedBy(owner: string, context: RunContext): Requirement {
  if (!/^[\w-]+$/.test(owner))
    throw invalid(`owner is ${quote(owner)}, not the name of a user or organization`)
  return located('sourceRepositoryOwnerURI', `${server(context)}/${owner}`)
}

// The default for `repository`: the one of this run, by its number, which survives renames. A
// workflow that is named with another repository is either a reusable one that this repository
// calls, or that repository's own which ran there uncalled: else anyone could call it and be taken
// for it.
function inThisRepository(context: RunContext, workflow: Workflow | undefined): Requirement {
  const { repository: here, repositoryId } = context
  if (workflow && (here === undefined || !sameName(workflow.repository, here))) {
    const home = `${workflow.server}/${workflow.repository}`
    const ours = repositoryId === undefined ? '' : `that of number ${repositoryId}, or `
    return {
      claim: 'sourceRepositoryURI',
      expected: `${ours}${home} where nobody called the workflow`,
      accepts: (found, { claims }) =>
        (repositoryId !== undefined && claims.sourceRepositoryIdentifier === repositoryId) ||
        (sameName(found, home) && claims.buildConfigURI === claims.buildSignerURI)
    }
  }
  if (repositoryId === undefined) {
    throw invalid('repository is not given, and there is no workflow run to take it from')
  }
  return exactly('sourceRepositoryIdentifier', repositoryId)
}

function located(claim: Requirement['claim'], uri: string): Requirement {
  return { claim, expected: uri, accepts: found => sameName(found, uri) }
}

function server({ serverUrl }: RunContext): string {
  return serverUrl ?? 'https://github.com'
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

function invalid(what: string, cause?: unknown): KeylessError {
  return new KeylessError('POLICY_INVALID', `The identity inputs cannot be used: ${what}.`, {
    cause
  })
}
