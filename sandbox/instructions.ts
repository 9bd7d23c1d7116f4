import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import type { Layout } from './layout.ts'

type Manifest = { inputs: Record<string, { default?: string }> }

const quote = (value: string): string => `'${value.replaceAll("'", `'\\''`)}'`

const absolute = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** A command that runs a door of the action as a runner would: with every default of action.yml. */
function actionCommand(door: 'sign' | 'verify', inputs: Record<string, string>): string {
  const manifest = absolute(door === 'sign' ? 'action.yml' : 'verify/action.yml')
  const { inputs: known } = parse(readFileSync(manifest, 'utf8')) as Manifest
  const defaults = Object.entries(known).map(
    ([name, input]) => [name, input.default ?? ''] as const
  )
  const values = Object.entries({ ...Object.fromEntries(defaults), ...inputs })
  const variables = values
    .filter(([, value]) => value !== '')
    .map(([name, value]) => quote(`INPUT_${name.toUpperCase()}=${value}`))
  return `env ${variables.join(' ')} ${process.execPath} ${absolute(`dist/${door}/index.js`)}`
}

/** What a person has to know of a Sigstore on loopback to use it by hand. */
type Known = Pick<
  Layout,
  'dir' | 'env' | 'trustedRoot' | 'signingConfig' | 'signingConfigV2' | 'clientTrustConfig'
> & {
  /** Where cosign and sigstore-python are. */
  programs?: { cosign: string; sigstore: string }
  /** Lines for the end. */
  notes: string[]
}

/** What a person types to use a Sigstore on loopback by hand, as a shell reads it. */
export function instructions(known: Known): string {
  const { env, trustedRoot, signingConfig, signingConfigV2, clientTrustConfig, notes } = known
  const { cosign, sigstore } = known.programs ?? { cosign: 'cosign', sigstore: 'sigstore' }
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`)
  const identity = `https://github.com/${env.GITHUB_WORKFLOW_REF ?? ''}`
  const instance = { files: 'FILE', 'trusted-root': trustedRoot, 'show-summary': 'false' }
  return `# A Sigstore on loopback, gone on Ctrl-C. In another shell, in the folder of FILE:
${exports.join('\n')}
export GITHUB_WORKSPACE="$PWD" RUNNER_TEMP=${known.dir}

# the action
${actionCommand('sign', { ...instance, 'signing-config': signingConfig, 'artifact-name': 'sigstore' })}
${actionCommand('verify', instance)}

# with Rekor v2 in place of v1, here and below: ${signingConfigV2}

# a token for cosign and others
TOKEN=$(curl -s -H "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sigstore" | sed 's/.*"value":"\\([^"]*\\)".*/\\1/')

# cosign
${cosign} sign-blob --yes --identity-token "$TOKEN" --signing-config ${signingConfig} --trusted-root ${trustedRoot} --bundle FILE.sigstore.json FILE
${cosign} verify-blob --certificate-identity ${quote(identity)} --certificate-oidc-issuer https://token.actions.githubusercontent.com --trusted-root ${trustedRoot} --bundle FILE.sigstore.json FILE

# sigstore-python
${sigstore} --trust-config ${clientTrustConfig} sign --identity-token "$TOKEN" --overwrite --bundle FILE.sigstore.json FILE

${notes.map(note => `# ${note}\n`).join('')}`
}
