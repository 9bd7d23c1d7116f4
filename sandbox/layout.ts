import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ServiceName } from './faults.ts'
import type { Login } from './registry/access.ts'

/** Where everything is: what a client needs to use a sandbox. */
export type Layout = {
  /** Its files, gone when it stops. */
  dir: string
  /** What a runner would set for a job with these claims. */
  env: Record<string, string>
  /** Paths of JSON files. */
  trustedRoot: string
  signingConfig: string
  /** One that offers Rekor v2 too. */
  signingConfigV2: string
  /** Both in one, for sigstore-python and model_signing. */
  clientTrustConfig: string
  /** Path of the TUF repository's first root.json. */
  tufRoot: string
  /** The account of both registries, which they ask for when their switch `auth` is set. */
  registryLogin: Login
  /** A folder for DOCKER_CONFIG, with that account for both. */
  dockerConfig: string
  urls: Record<ServiceName, string>
}

type FileName =
  | 'trusted_root.json'
  | 'signing_config.v0.2.json'
  | 'signing_config_rekor_v2.v0.2.json'
  | 'client_trust_config.json'
  | 'root.json'
  | 'docker/config.json'

/** Writes the files into a new folder, and answers its path. */
export async function writeFiles(files: Record<FileName, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'keyless-sandbox-'))
  await mkdir(join(dir, 'docker'))
  const writes = Object.entries(files).map(async ([name, text]) => writeFile(join(dir, name), text))
  await Promise.all(writes)
  return dir
}

export function layoutOf(
  dir: string,
  rest: Pick<Layout, 'env' | 'registryLogin' | 'urls'>
): Layout {
  const path = (name: FileName): string => join(dir, name)
  return {
    ...rest,
    dir,
    trustedRoot: path('trusted_root.json'),
    signingConfig: path('signing_config.v0.2.json'),
    signingConfigV2: path('signing_config_rekor_v2.v0.2.json'),
    clientTrustConfig: path('client_trust_config.json'),
    tufRoot: path('root.json'),
    dockerConfig: dirname(path('docker/config.json'))
  }
}
