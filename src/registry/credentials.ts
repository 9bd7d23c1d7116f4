import type { Log } from '../http.ts'
import { readDockerConfig } from './docker-config.ts'
import { askHelper } from './credential-helper.ts'
import { DOCKER_HUB } from './reference.ts'

/** What proves to a registry who is asking. An identity token is good for OAuth 2 only. */
export type Credentials =
  | { kind: 'password'; username: string; password: string }
  | { kind: 'identity-token'; token: string }

/** The name under which docker keeps and asks for the credentials of Docker Hub. */
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/'
const DOCKER_HUB_KEYS: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', DOCKER_HUB])

/**
 * The credentials that `docker login`, or an action like it, left for a host, taken from where docker takes
 * them first: the host's own helper (`credHelpers`), the helper of all (`credsStore`), the file itself
 * (`auths`). A host is the same only where name and port are.
 *
 * @param host as a `Repository` has it
 * @returns undefined where there are none: the registry is asked anonymously
 * @throws KeylessError REGISTRY_CREDENTIALS_INVALID
 */
export async function findCredentials(
  host: string,
  env: NodeJS.ProcessEnv,
  log: Log
): Promise<Credentials | undefined> {
  const config = await readDockerConfig(env)
  if (config === undefined) return undefined
  const server = host === DOCKER_HUB ? DOCKER_HUB_KEY : host
  const own = entryOf(config.credHelpers, host, server)
  for (const helper of [own, config.credsStore]) {
    if (helper === undefined || helper === '') continue
    const credentials = await askHelper(helper, { host, server, path: config.path }, env)
    if (credentials !== undefined) return credentials
    log.debug(`The credential helper ${helper} has nothing for ${host}`)
  }
  return entryOf(config.auths, host, server)
}

function entryOf<T>(entries: ReadonlyMap<string, T>, host: string, server: string): T | undefined {
  const exact = entries.get(server)
  if (exact !== undefined) return exact
  for (const [key, value] of entries) if (serves(key, host)) return value
  return undefined
}

/**
 * Whether an entry is for a host: keys are hosts, also as URLs, with a path that says no more than the
 * version of the API. A key for one repository of a host, as podman writes them, is for no other.
 */
function serves(key: string, host: string): boolean {
  const match = /^(?:https?:\/\/)?([^/]+)(?:\/|\/v[12]\/?)?$/.exec(key.toLowerCase())
  const named = match?.[1]
  if (named === undefined) return false
  return named === host || (host === DOCKER_HUB && DOCKER_HUB_KEYS.has(named))
}
