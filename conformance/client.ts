import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { fetchTrust, type PublishedTrust } from '../src/trust/tuf.ts'
import { runProgram } from './program.ts'
import { sign } from './sign.ts'
import { verify } from './verify.ts'

// The command line of the public suite, github.com/sigstore/sigstore-conformance
// (docs/cli_protocol.md).

const USAGE = `usage:
  client sign-bundle [--staging] [--in-toto] --identity-token TOKEN --bundle FILE
         [--trusted-root FILE] [--signing-config FILE] FILE
  client verify-bundle [--staging] --bundle FILE
         (--certificate-identity ID --certificate-oidc-issuer URL | --key FILE)
         [--trusted-root FILE] FILE_OR_DIGEST`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    staging: { type: 'boolean', default: false },
    'in-toto': { type: 'boolean', default: false },
    'identity-token': { type: 'string' },
    bundle: { type: 'string' },
    'certificate-identity': { type: 'string' },
    'certificate-oidc-issuer': { type: 'string' },
    key: { type: 'string' },
    'trusted-root': { type: 'string' },
    'signing-config': { type: 'string' }
  }
})

await runProgram(main)

async function main(): Promise<void> {
  const [verb, file, ...others] = positionals
  const { bundle } = values
  if (bundle === undefined || file === undefined || others.length > 0) throw new Error(USAGE)

  if (verb === 'verify-bundle') {
    await verify({
      bundle,
      artifact: file,
      trustedRoot: await read('trusted-root', 'trustedRoot'),
      identity: values['certificate-identity'],
      issuer: values['certificate-oidc-issuer'],
      key: values.key
    })
  } else if (verb === 'sign-bundle') {
    const token = values['identity-token']
    if (token === undefined) throw new Error(USAGE)
    const text = await sign({
      file,
      token,
      inToto: values['in-toto'],
      signingConfig: await read('signing-config', 'signingConfig')
    })
    await writeFile(bundle, text)
  } else throw new Error(USAGE)
}

// The file that was given, else what the instance publishes.
let published: Promise<PublishedTrust> | undefined
async function read(
  option: 'trusted-root' | 'signing-config',
  what: keyof PublishedTrust
): Promise<string> {
  const given = values[option]
  if (given !== undefined) return readFile(given, 'utf8')
  published ??= fetchTrust(values.staging ? 'staging' : 'public-good')
  return (await published)[what]
}
