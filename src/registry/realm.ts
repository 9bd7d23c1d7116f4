import { KeylessError } from '../errors.ts'
import { isLoopback } from '../http/attempt.ts'
import { fromOutside, place } from '../http/words.ts'
import { registryName } from './failures.ts'
import { DOCKER_HUB } from './reference.ts'

/**
 * Registries whose token service is on a host of another name, by their documentation and by what they
 * answer. Each is trusted with the credentials of that one registry only.
 */
const TOKEN_SERVICES: ReadonlyMap<string, string> = new Map([
  [DOCKER_HUB, 'auth.docker.io'],
  ['registry.digitalocean.com', 'api.digitalocean.com']
])

/** The URL at which a registry is asked: plain http for this machine alone. */
export function registryUrl(host: string): URL {
  const url = new URL(`https://${host}`)
  return isLoopback(url) ? new URL(`http://${host}`) : url
}

/**
 * The URL of the token service that a Bearer challenge names, if credentials may go there. They may go to
 * the host of the registry, on the registry's own port or on that of https (GitLab keeps its registry on
 * another port); to the few services that are known by name; and to a domain above the registry's
 * (registry.gitlab.com: gitlab.com), whose owner decides what the registry's name leads to anyway. To no
 * other: not even without credentials, as the runner's network has services that outsiders must not reach
 * (CVE-2026-48978). A registry on this machine may name any port of its own address.
 *
 * @throws KeylessError REGISTRY_REALM_REFUSED
 */
export function tokenService(host: string, realm: string | undefined): URL {
  const url = URL.parse(realm ?? '')
  const refuse = (why: string): KeylessError =>
    new KeylessError(
      'REGISTRY_REALM_REFUSED',
      `${registryName(host)} sends for a token to ${url === null ? `"${fromOutside(realm ?? '')}"` : place(url)}, ` +
        `${why}, so that credentials would get into other hands; nothing was sent there.`
    )
  if (url === null) throw refuse('which is not a URL')
  if (url.username !== '' || url.password !== '') throw refuse('which has a user in it')

  const registry = registryUrl(host)
  if (isLoopback(registry) && url.hostname === registry.hostname) return url
  if (url.protocol !== 'https:') throw refuse('which is not https')
  if (!belongs(registry, url)) throw refuse('which is not known to belong to it')
  return url
}

function belongs(registry: URL, realm: URL): boolean {
  if (realm.hostname === registry.hostname) return realm.port === '' || realm.port === registry.port
  if (realm.port !== '') return false
  if (TOKEN_SERVICES.get(registry.host) === realm.hostname) return true
  // a domain of one label is nobody's
  return realm.hostname.includes('.') && registry.hostname.endsWith(`.${realm.hostname}`)
}
