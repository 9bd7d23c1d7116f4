import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { ISSUER } from '../../../sandbox/claims.ts'
import { clientTrustConfig } from '../../../sandbox/trust.ts'
import { programPath } from './install.ts'
import type { Place } from './place.ts'
import { run } from './run.ts'

export type Log = 'rekor-v1' | 'rekor-v2'
/** What a signing config asks for: a log and the timestamp authority, or that alone. */
export type Witness = Log | 'timestamp'

type Authority = { subject?: unknown; certChain: { certificates: { rawBytes: string }[] } }
type TrustedRoot = { certificateAuthorities: Authority[]; timestampAuthorities: Authority[] }

export const TRUSTED_ROOT = 'trusted_root.json'
export const signingConfigName = (witness: Witness): string => `signing_config.${witness}.json`
export const clientConfigName = (log: Log): string => `client_trust_config.${log}.json`

/** An hour back: whoever compares with a clock of whole seconds finds them in force. */
const START = `start-time=${new Date(Date.now() - 3_600_000).toISOString().replace(/\.\d+/, '')}`

/**
 * Writes what clients trust and sign with, as cosign makes it: one trusted root for both logs, a signing
 * config for each and one for no log, and root and config together as sigstore-python reads them.
 */
export async function writeTrust(place: Place, signal: AbortSignal): Promise<void> {
  const { file, port } = place
  const cosign = async (...args: string[]): Promise<string> =>
    await run(programPath('cosign'), args, signal)
  const url = (name: Parameters<Place['port']>[0], path = ''): string =>
    `url=http://127.0.0.1:${port(name)}${path}`
  const chain = await fetch(url('tsa', '/api/v1/timestamp/certchain').slice('url='.length))
  await writeFile(file('tsa.pem'), await chain.text())

  await cosign(
    ...['trusted-root', 'create', '--out', file(TRUSTED_ROOT)],
    ...['--fulcio', `${url('fulcio')},certificate-chain=${file('fulcio.pem')}`],
    ...['--ctfe', `${url('ctlog', '/test')},public-key=${file('ctlog.pub')},${START}`],
    ...['--rekor', `${url('rekor-v1')},public-key=${file('rekor-v1.pub')},${START}`],
    // A v2 log's id is made of its origin too (c2sp.org/signed-note).
    ...[
      '--rekor',
      `${url('rekor-v2')},public-key=${file('rekor-v2.pub')},${START},origin=127.0.0.1`
    ],
    ...['--tsa', `${url('tsa')},certificate-chain=${file('tsa.pem')}`]
  )
  const root = await readJson<TrustedRoot>(file(TRUSTED_ROOT))
  for (const authority of [...root.certificateAuthorities, ...root.timestampAuthorities]) {
    // cosign leaves it out, and sigstore-python does not do without.
    authority.subject = subjectOf(authority)
  }
  await writeJson(file(TRUSTED_ROOT), root)

  const service = (at: string, version = 1): string =>
    `${at},api-version=${version},${START},operator=services.example`
  const writeConfig = async (witness: Witness, log: string[]): Promise<void> => {
    await cosign(
      ...['signing-config', 'create', '--out', file(signingConfigName(witness)), ...log],
      ...['--fulcio', service(url('fulcio')), '--oidc-provider', service(`url=${ISSUER}`)],
      ...['--tsa', service(url('tsa', '/api/v1/timestamp')), '--tsa-config', 'ANY']
    )
  }
  await writeConfig('timestamp', [])
  for (const [log, version] of [
    ['rekor-v1', 1],
    ['rekor-v2', 2]
  ] as const) {
    await writeConfig(log, ['--rekor', service(url(log), version), '--rekor-config', 'ANY'])
    const config = await readJson(file(signingConfigName(log)))
    await writeJson(file(clientConfigName(log)), clientTrustConfig(root, config))
  }
}

/** The name in the authority's certificate. Fulcio's ephemeral authority has no common name. */
function subjectOf({ certChain }: Authority): { organization: string; commonName: string } {
  const [first] = certChain.certificates
  const { subject } = new X509Certificate(Buffer.from(first?.rawBytes ?? '', 'base64'))
  const organization = /^O=(.*)$/m.exec(subject)?.[1] ?? ''
  return { organization, commonName: /^CN=(.*)$/m.exec(subject)?.[1] ?? organization }
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, JSON.stringify(value, null, 2))
}
