import { KeylessError } from '../errors.ts'
import { choice, flag, lines, text } from '../runner/inputs.ts'
import type { InstanceName } from '../trust/tuf.ts'
import type { IdentityInputs } from '../trust/policy-inputs.ts'

export type Inputs = {
  files: string[]
  bundles: string[]
  predicateTypes: string[]
  identity: IdentityInputs
  /** A trusted root's path, or the name of an instance whose root comes by TUF. */
  trust: { path: string } | { instance: InstanceName }
  showSummary: boolean
}

/** @throws KeylessError INPUT_INVALID */
export function readInputs(): Inputs {
  return {
    files: lines('files'),
    bundles: lines('bundle'),
    predicateTypes: readPredicateTypes(),
    identity: {
      signerWorkflow: text('signer-workflow'),
      repository: text('repository'),
      owner: text('owner'),
      sourceRef: narrowing('source-ref'),
      sourceDigest: narrowing('source-digest'),
      environment: narrowing('environment'),
      denySelfHostedRunners: flag('deny-self-hosted-runners'),
      certificateIdentity: text('certificate-identity'),
      certificateIdentityRegexp: text('certificate-identity-regexp'),
      certificateOidcIssuer: text('certificate-oidc-issuer')
    },
    trust: readTrust(),
    showSummary: flag('show-summary')
  }
}

/**
 * An input that only ever narrows, and whose default is the word "any": the runner makes no
 * difference between an input that is empty and one that is not there, and an expression with a
 * misspelt name is empty. It must not take a requirement away.
 */
function narrowing(name: string): string | undefined {
  const value = text(name)
  if (value !== undefined) return value === 'any' ? undefined : value
  throw new KeylessError(
    'INPUT_INVALID',
    `${name} is empty, which an expression with a misspelt name is, too; give a value, or "any".`
  )
}

/** @returns one at least: an empty input must not make a plain signature do for an attestation */
function readPredicateTypes(): string[] {
  const types = lines('predicate-type')
  if (types.length > 0) return types
  throw new KeylessError(
    'INPUT_INVALID',
    'predicate-type is empty, which an expression with a misspelt name is, too; give types, or "signature".'
  )
}

function readTrust(): Inputs['trust'] {
  const name = choice('sigstore', ['auto', 'public-good', 'staging'])
  const path = text('trusted-root')
  if (path === undefined) return { instance: name === 'auto' ? 'public-good' : name }
  if (name === 'auto') return { path }
  throw new KeylessError(
    'INPUT_INVALID',
    `sigstore is "${name}", and trusted-root names another instance; leave out one or the other.`
  )
}
