import { KeylessError } from '../errors.ts'

/** What no path in an artifact may hold, on any system, since some cannot store it (`@actions/artifact`). */
const IN_A_PATH = /["<>:|*?\r\n]/

/**
 * Refuse a name that no artifact can have.
 *
 * @throws KeylessError INPUT_INVALID
 */
export function checkArtifactName(name: string): void {
  if (name !== '' && !IN_A_PATH.test(name) && !/[\\/]/.test(name)) return
  throw new KeylessError(
    'INPUT_INVALID',
    `artifact-name is "${name.slice(0, 100)}"; give a name without any of " < > : | * ? \\ / and line breaks.`
  )
}

/**
 * Refuse a file whose bundle would not get into an artifact, or not out of it, under its own name.
 *
 * @param subject the input and the name, for the message: `files: dist/app`
 * @param path the bundle's in the artifact
 * @throws KeylessError INPUT_INVALID
 */
export function checkArtifactPath(subject: string, path: string): void {
  // The zip library takes a backslash for a slash.
  if (!IN_A_PATH.test(path) && !path.includes('\\')) return
  throw new KeylessError(
    'INPUT_INVALID',
    `${subject} cannot go into a workflow artifact, whose paths have none of " < > : | * ? \\ and line breaks; rename it, or write "publish: local".`
  )
}
