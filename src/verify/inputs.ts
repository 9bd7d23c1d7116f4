import { KeylessError } from '../errors.ts'
import { choice, flag, lines, linesUnless, pairs, text } from '../runner/inputs.ts'
import { readSubjects, type SubjectInputs } from '../runner/subject-inputs.ts'
import type { InstanceName } from '../trust/tuf.ts'
import type { IdentityInputs } from '../trust/policy-inputs.ts'

export type Inputs = SubjectInputs & {
  /** What has to be signed along, of images. */
  annotations: Record<string, string>
  bundles: string[]
  predicateTypes: string[]
  identity: IdentityInputs
  /** A trusted root's path, or the name of an instance whose root comes by TUF. */
  trust: { path: string } | { instance: InstanceName }
  showSummary: boolean
}

/** @throws KeylessError INPUT_INVALID */
export function readInputs(): Inputs {
  const subjects = readSubjects()
  const predicateTypes = readPredicateTypes()
  return {
    ...subjects,
    annotations: readAnnotations(subjects, predicateTypes),
    bundles: lines('bundle'),
    predicateTypes,
    identity: {
      signerWorkflow: asked('signer-workflow', 'default'),
      repository: asked('repository', 'default'),
      owner: asked('owner', 'default'),
      sourceRef: asked('source-ref', 'any'),
      sourceDigest: asked('source-digest', 'any'),
      environment: asked('environment', 'any'),
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
 * An input whose default is a word. The runner makes no difference between an input that is empty
 * and one that is not there, and an expression with a misspelt name is empty: without the word it
 * would take a requirement away.
 */
function asked(name: string, word: 'any' | 'default'): string | undefined {
  const value = text(name)
  if (value !== undefined) return value === word ? undefined : value
  throw new KeylessError(
    'INPUT_INVALID',
    `${name} is empty, which an expression with a misspelt name is, too; give a value, or "${word}".`
  )
}

/** Empty where nothing has to be signed along, which only a word says. */
function readAnnotations(
  { images }: SubjectInputs,
  predicateTypes: string[]
): Record<string, string> {
  const given = linesUnless('annotations', 'any')
  if (given === undefined) return {}
  const refuse = (why: string): KeylessError =>
    new KeylessError('INPUT_INVALID', `annotations are those of image signatures, and ${why}.`)
  if (images === undefined) throw refuse('no images are given; leave annotations out')
  // Of an attestation nobody would look at them.
  if (!predicateTypes.includes('signature')) {
    throw refuse(
      'predicate-type asks for attestations alone; leave annotations out, or add a line "signature"'
    )
  }
  return pairs('annotations', given)
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
