import { KeylessError } from '../errors.ts'
import { choice, choices, flag, lines, minutes, text } from '../runner/inputs.ts'
import { checkArtifactName } from '../storage/artifact-name.ts'

export type Inputs = {
  files: string[]
  instance: BuiltIn | Private
  publish: Publish
  /** Milliseconds to keep trying through an outage. */
  timeout: number
  showSummary: boolean
}

/** Where bundles go. */
export type Publish = {
  /** Beside each file. */
  local: boolean
  /** The name of the workflow artifact. */
  artifact?: string
}

/** An instance whose trust begins with a root in dist. */
export type BuiltIn = { name: 'auto' | 'public-good' | 'staging' }

/** An instance given by paths of its files. */
export type Private = { signingConfig: string; trustedRoot: string }

/** @throws KeylessError INPUT_INVALID */
export function readInputs(): Inputs {
  return {
    files: lines('files'),
    instance: readInstance(),
    publish: readPublish(),
    timeout: minutes('timeout'),
    showSummary: flag('show-summary')
  }
}

function readPublish(): Publish {
  const places = choices('publish', ['artifact', 'local'])
  const local = places.has('local')
  if (!places.has('artifact')) return { local }
  const artifact = text('artifact-name') ?? ''
  checkArtifactName(artifact)
  return { local, artifact }
}

function readInstance(): BuiltIn | Private {
  const name = choice('sigstore', ['auto', 'public-good', 'staging'])
  const signingConfig = text('signing-config')
  const trustedRoot = text('trusted-root')
  if (signingConfig === undefined && trustedRoot === undefined) return { name }
  if (signingConfig === undefined || trustedRoot === undefined) {
    throw new KeylessError(
      'INPUT_INVALID',
      'signing-config and trusted-root belong together, and only one of them is given; give both files of the private instance.'
    )
  }
  if (name !== 'auto') {
    throw new KeylessError(
      'INPUT_INVALID',
      `sigstore is "${name}", and signing-config and trusted-root name another instance; leave out one or the other.`
    )
  }
  return { signingConfig, trustedRoot }
}
