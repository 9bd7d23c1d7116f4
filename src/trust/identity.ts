/** Fulcio's names for what the token said of a build (fulcio/docs/oid-info.md). */
export type ClaimName =
  | 'buildSignerURI'
  | 'buildSignerDigest'
  | 'runnerEnvironment'
  | 'sourceRepositoryURI'
  | 'sourceRepositoryDigest'
  | 'sourceRepositoryRef'
  | 'sourceRepositoryIdentifier'
  | 'sourceRepositoryOwnerURI'
  | 'sourceRepositoryOwnerIdentifier'
  | 'buildConfigURI'
  | 'buildConfigDigest'
  | 'buildTrigger'
  | 'runInvocationURI'
  | 'sourceRepositoryVisibilityAtSigning'
  | 'deploymentEnvironment'

/** Whom a certificate names. Believe it only after its chain was verified. */
export type CertificateIdentity = {
  subjectAlternativeName: string
  issuer: string
  notBefore: Date
  notAfter: Date
  claims: Partial<Record<ClaimName, string>>
}

export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com'

/** The identity in words, for people. What it quotes came from outside: escape it where shown. */
export function describeIdentity(identity: CertificateIdentity): string {
  const { claims } = identity
  const workflow = splitWorkflow(claims.buildSignerURI)
  if (!workflow) return `${identity.subjectAlternativeName} (according to ${identity.issuer})`

  const words = [`workflow ${workflow.repository}/${workflow.path}@${workflow.ref}`]
  const add = (before: string, value: string | undefined): void => {
    if (value !== undefined) words.push(`${before} ${value}`)
  }
  add('of repository', claims.sourceRepositoryURI)
  add('at ref', claims.sourceRepositoryRef)
  add('commit', claims.sourceRepositoryDigest)
  add('run', claims.runInvocationURI)
  add('on a runner that is', claims.runnerEnvironment)
  return words.join(', ').replace(', of repository', ' of repository')
}

/**
 * The identity as inputs of the verify action, one a line, ready to paste. Pasting them means
 * trusting this identity: whoever shows them must say so.
 */
export function asInputs(identity: CertificateIdentity): string {
  const { claims } = identity
  const workflow = splitWorkflow(claims.buildSignerURI)
  const repository = splitRepository(claims.sourceRepositoryURI)
  const inputs =
    identity.issuer === GITHUB_ISSUER && workflow && repository !== undefined
      ? {
          'signer-workflow': `${workflow.repository}/${workflow.path}@${workflow.ref}`,
          repository
        }
      : {
          'certificate-identity': identity.subjectAlternativeName,
          'certificate-oidc-issuer': identity.issuer
        }
  return Object.entries(inputs)
    .map(([name, value]) => `${name}: ${yaml(value)}`)
    .join('\n')
}

type WorkflowUri = { server: string; repository: string; path: string; ref: string }

/** Parts of `https://SERVER/OWNER/REPO/.github/workflows/FILE@REF`, or nothing. */
export function splitWorkflow(uri = ''): WorkflowUri | undefined {
  const form =
    /^(?<server>https:\/\/[^/]+)\/(?<repository>[^/]+\/[^/]+)\/(?<path>\.github\/workflows\/[^@]+)@(?<ref>.+)$/s
  return form.exec(uri)?.groups as WorkflowUri | undefined
}

function splitRepository(uri = ''): string | undefined {
  return /^https:\/\/[^/]+\/([^/]+\/[^/]+)$/.exec(uri)?.[1]
}

// A plain scalar where that is safe, else quoted: the text is someone else's.
function yaml(value: string): string {
  return /^[\w./:@-]+$/.test(value) && !value.endsWith(':') ? value : JSON.stringify(value)
}
