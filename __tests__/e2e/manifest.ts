import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'

/** What the runner reads of an action.yml. */
export type Manifest = {
  inputs: Record<string, { description?: string; required?: boolean; default?: string }>
  outputs: Record<string, { description?: string }>
  runs: { using: string; main: string }
}

export async function readManifest(path: string): Promise<Manifest> {
  const manifest = parse(await readFile(path, 'utf8')) as Partial<Manifest>
  if (manifest.runs?.using !== 'node24') {
    throw new Error(`${path}: runs.using is ${String(manifest.runs?.using)}, not node24`)
  }
  return { inputs: manifest.inputs ?? {}, outputs: manifest.outputs ?? {}, runs: manifest.runs }
}

/** The script to run: `runs.main` is relative to the action.yml, as in `NodeScriptActionHandler.cs`. */
export function mainScript(path: string, manifest: Manifest): string {
  return resolve(dirname(path), manifest.runs.main)
}

/**
 * The INPUT_ variables of a step: what the user gave, else the default, else empty, as in
 * `ActionRunner.cs`. An input that the action does not have is a warning there, and an error here.
 *
 * @param contexts the values of the expressions that defaults may hold, such as `github.token`
 */
export function inputVariables(
  manifest: Manifest,
  given: Record<string, string>,
  contexts: Record<string, string>
): Record<string, string> {
  const valid = Object.keys(manifest.inputs)
  const lower = new Set(valid.map(name => name.toLowerCase()))
  const unexpected = Object.keys(given).filter(name => !lower.has(name.toLowerCase()))
  if (unexpected.length > 0) {
    throw new Error(
      `Unexpected input(s) '${unexpected.join("', '")}', valid inputs are ['${valid.join("', '")}']`
    )
  }
  const variables: Record<string, string> = {}
  for (const [name, { default: value }] of Object.entries(manifest.inputs)) {
    variables[variable(name)] = evaluate(value ?? '', contexts)
  }
  for (const [name, value] of Object.entries(given)) variables[variable(name)] = value
  return variables
}

/** `AddInputsToEnvironment` in `Handler.cs`: dashes stay. */
function variable(name: string): string {
  return `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`
}

function evaluate(text: string, contexts: Record<string, string>): string {
  return text.replace(/\$\{\{(.*?)\}\}/g, (_, expression: string) => {
    const value = contexts[expression.trim()]
    if (value === undefined) throw new Error(`a default holds the unknown \${{${expression}}}`)
    return value
  })
}
