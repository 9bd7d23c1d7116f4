import { readFile, writeFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'
import { ISSUER } from '../../../sandbox/claims.ts'
import { keptFile } from './install.ts'
import type { Place } from './place.ts'

type Config = { 'oidc-issuers': Record<string, unknown>; 'ci-issuer-metadata': unknown }

/** Fulcio's own public configuration, and GitHub the only issuer in it. */
export async function configureFulcio(place: Place): Promise<void> {
  const text = await readFile(keptFile('fulcio', 'config.yaml'), 'utf8')
  // Go's parser takes an alias for a key without the space that YAML 1.2 asks for.
  const config = parse(text.replaceAll(/^( *\*[\w-]+):/gm, '$1 :')) as Config
  const own = {
    'oidc-issuers': { [ISSUER]: config['oidc-issuers'][ISSUER] },
    'ci-issuer-metadata': config['ci-issuer-metadata']
  }
  await writeFile(place.file('fulcio.yaml'), stringify(own, { aliasDuplicateObjects: false }))
}

/** The chain of the authority that a running Fulcio has: PEM. */
export async function fulcioChain(place: Place): Promise<string> {
  const url = `http://127.0.0.1:${place.port('fulcio')}/api/v2/trustBundle`
  const bundle = (await (await fetch(url)).json()) as { chains: { certificates: string[] }[] }
  return (bundle.chains[0]?.certificates ?? []).map(pem => `${pem.trim()}\n`).join('')
}
