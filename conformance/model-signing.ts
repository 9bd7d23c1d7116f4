import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { fetchTrust, type PublishedTrust } from '../src/trust/tuf.ts'
import { signModel, type ModelSigner } from './model-sign.ts'
import { verifyModel, type ModelTrust } from './model-verify.ts'
import { runProgram } from './program.ts'

// The command line of github.com/sampras343/model-signing-conformance
// (docs/conformance_adapter_cli_protocol.md). It looks at the exit status only; a person reads the
// code. `--trust-config` is model_signing's own option, for instances that publish nothing.

const USAGE = `usage:
  model-signing sign-model --model-path PATH --output-bundle FILE [--ignore-paths PATH]...
         --method key --private-key FILE
         --method certificate --private-key FILE --signing-cert FILE --cert-chain FILE...
         --method sigstore --identity-token TOKEN [--use-staging | --trust-config FILE]
  model-signing verify-model --model-path PATH --bundle FILE [--ignore-paths PATH]...
         [--ignore-unsigned-files]
         --method key --public-key FILE
         --method certificate --cert-chain FILE...
         --method sigstore --identity ID --identity-provider URL
         [--use-staging | --trust-config FILE]`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    method: { type: 'string' },
    'model-path': { type: 'string' },
    'output-bundle': { type: 'string' },
    bundle: { type: 'string' },
    'private-key': { type: 'string' },
    'public-key': { type: 'string' },
    'signing-cert': { type: 'string' },
    'cert-chain': { type: 'string', multiple: true, default: [] },
    'identity-token': { type: 'string' },
    identity: { type: 'string' },
    'identity-provider': { type: 'string' },
    'use-staging': { type: 'boolean', default: false },
    'trust-config': { type: 'string' },
    'ignore-paths': { type: 'string', multiple: true, default: [] },
    'ignore-unsigned-files': { type: 'boolean', default: false }
  }
})

await runProgram(main)

async function main(): Promise<void> {
  const [verb, ...others] = positionals
  if (others.length > 0) throw new Error(USAGE)
  const model = { path: given('model-path'), ignorePaths: values['ignore-paths'] }
  if (verb === 'sign-model') {
    const bundle = given('output-bundle')
    await writeFile(bundle, await signModel({ ...model, bundle, signer: await signer() }))
  } else if (verb === 'verify-model') {
    await verifyModel({
      ...model,
      bundle: given('bundle'),
      ignoreUnsigned: values['ignore-unsigned-files'],
      trust: await trust()
    })
  } else throw new Error(USAGE)
}

async function signer(): Promise<ModelSigner> {
  switch (values.method) {
    case 'key':
      return { method: 'key', key: await readFile(given('private-key'), 'utf8') }
    case 'certificate': {
      const paths = [given('signing-cert'), ...values['cert-chain']]
      const chain = await Promise.all(paths.map(path => readFile(path, 'utf8')))
      return { method: 'certificate', key: await readFile(given('private-key'), 'utf8'), chain }
    }
    case 'sigstore':
      return {
        method: 'sigstore',
        token: given('identity-token'),
        signingConfig: await published('signingConfig')
      }
    case undefined:
    default:
      throw new Error(USAGE)
  }
}

async function trust(): Promise<ModelTrust> {
  switch (values.method) {
    case 'key':
      return { method: 'key', key: given('public-key') }
    case 'certificate': {
      const anchors = await Promise.all(values['cert-chain'].map(path => readFile(path, 'utf8')))
      return { method: 'certificate', anchors }
    }
    case 'sigstore':
      return {
        method: 'sigstore',
        identity: given('identity'),
        issuer: given('identity-provider'),
        trustedRoot: await published('trustedRoot')
      }
    case undefined:
    default:
      throw new Error(USAGE)
  }
}

function given(option: Exclude<keyof typeof values, 'cert-chain' | 'ignore-paths'>): string {
  const value = values[option]
  if (typeof value !== 'string') throw new Error(USAGE)
  return value
}

/** JSON text from a ClientTrustConfig, which holds both, else as the instance publishes it. */
async function published(what: keyof PublishedTrust): Promise<string> {
  const config = values['trust-config']
  if (config === undefined) {
    return (await fetchTrust(values['use-staging'] ? 'staging' : 'public-good'))[what]
  }
  const json = JSON.parse(await readFile(config, 'utf8')) as Record<string, unknown>
  return JSON.stringify(json[what])
}
