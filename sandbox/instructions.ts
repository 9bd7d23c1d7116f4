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
  /** Of an image to sign, with its digest. */
  image: string
  /** Where cosign, sigstore-python and model_signing are. */
  programs?: { cosign: string; sigstore: string; modelSigning: string }
  /** Lines for the end. */
  notes: string[]
}

/** What a person types to use a Sigstore on loopback by hand, as a shell reads it. */
export function instructions(known: Known): string {
  const { env, trustedRoot, signingConfig, signingConfigV2, clientTrustConfig, image, notes } =
    known
  const { cosign, sigstore, modelSigning } = known.programs ?? {
    cosign: 'cosign',
    sigstore: 'sigstore',
    modelSigning: 'model_signing'
  }
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`)
  const identity = quote(`https://github.com/${env.GITHUB_WORKFLOW_REF ?? ''}`)
  const issuer = 'https://token.actions.githubusercontent.com'
  const instance = { 'trusted-root': trustedRoot, 'show-summary': 'false' }
  const signing = { ...instance, 'signing-config': signingConfig, 'artifact-name': 'sigstore' }
  const actions = Object.entries({ files: 'FILE', models: 'MODEL', images: image }).map(
    ([input, value]) => `# the action: ${input}
${actionCommand('sign', { ...signing, [input]: value })}
${actionCommand('verify', { ...instance, [input]: value })}
`
  )
  return `# A Sigstore on loopback, gone on Ctrl-C. In another shell, in the folder of FILE and of MODEL, a folder:
${exports.join('\n')}
export GITHUB_WORKSPACE="$PWD" RUNNER_TEMP=${known.dir}

${actions.join('\n')}
# with Rekor v2 in place of v1, here and below: ${signingConfigV2}

# a token for cosign and others
TOKEN=$(curl -s -H "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sigstore" | sed 's/.*"value":"\\([^"]*\\)".*/\\1/')

# cosign
${cosign} sign-blob --yes --identity-token "$TOKEN" --signing-config ${signingConfig} --trusted-root ${trustedRoot} --bundle FILE.sigstore.json FILE
${cosign} verify-blob --certificate-identity ${identity} --certificate-oidc-issuer ${issuer} --trusted-root ${trustedRoot} --bundle FILE.sigstore.json FILE
${cosign} verify --certificate-identity ${identity} --certificate-oidc-issuer ${issuer} --trusted-root ${trustedRoot} ${image}

# sigstore-python
${sigstore} --trust-config ${clientTrustConfig} sign --identity-token "$TOKEN" --overwrite --bundle FILE.sigstore.json FILE

# model_signing
${modelSigning} verify sigstore --trust_config ${clientTrustConfig} --identity ${identity} --identity_provider ${issuer} --signature MODEL/model.sig MODEL

${notes.map(note => `# ${note}\n`).join('')}`
}
