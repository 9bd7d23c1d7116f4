import { KeylessError } from '../errors.ts'
import { fromOutside } from '../http/words.ts'
import { isDigest } from './digest.ts'

export type Repository = {
  /** Host and port that are asked: `registry-1.docker.io` for Docker Hub. */
  host: string
  /** `library/alpine`, `o/app`. */
  path: string
  /** As people and cosign write it: `index.docker.io/library/alpine`, `ghcr.io/o/app`. */
  name: string
}

export type Reference = {
  repository: Repository
  tag?: string
  /** `sha256:<64 hex>` */
  digest?: string
  /** As it was given, with the repository in small letters. */
  text: string
}

/** The host that answers for Docker Hub, whose names people write are others. */
export const DOCKER_HUB = 'registry-1.docker.io'
const DOCKER_HUB_NAME = 'index.docker.io'
const DOCKER_HUB_NAMES: ReadonlySet<string> = new Set(['docker.io', DOCKER_HUB_NAME, DOCKER_HUB])

const LABEL = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?'
/** `domain-name` or IPv4 address, or IPv6 address in brackets, and a port. */
const HOST = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9a-f:]{2,39}\\])(?::[0-9]{1,5})?$`)
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/
/** Host and path together (github.com/distribution/reference: ErrNameTooLong). */
const LONGEST_NAME = 255

/**
 * Parses an image reference by the grammar of the distribution specification ("Pulling manifests") and of
 * github.com/distribution/reference, which adds the host. The repository is lower-cased first, as
 * `${{ github.repository }}` may not be. A first part without dot or port, other than `localhost`, is no
 * host: it is Docker Hub that is meant then.
 *
 * @param input the input that the text came from, for messages: `images`
 * @throws KeylessError IMAGE_REFERENCE_INVALID
 */
export function parseReference(text: string, input: string): Reference {
  const refuse = (why: string): KeylessError =>
    new KeylessError(
      'IMAGE_REFERENCE_INVALID',
      `${input}: "${fromOutside(text, 300)}" is not an image reference: ${why}. ` +
        'Write it like ghcr.io/owner/app:tag or ghcr.io/owner/app@sha256:….'
    )

  const at = text.indexOf('@')
  const digest = at === -1 ? undefined : text.slice(at + 1)
  if (digest !== undefined && !isDigest(digest)) {
    throw refuse('what follows the @ is not sha256: and 64 small hexadecimal digits')
  }
  const tagged = at === -1 ? text : text.slice(0, at)
  const colon = tagged.indexOf(':', tagged.lastIndexOf('/') + 1)
  const tag = colon === -1 ? undefined : tagged.slice(colon + 1)
  if (tag !== undefined && !isTag(tag)) {
    throw refuse('the tag is not up to 128 letters, digits, dots, dashes and underscores')
  }

  const name = (colon === -1 ? tagged : tagged.slice(0, colon)).toLowerCase()
  const repository = parseRepository(name, refuse)
  return {
    repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
    text: name + (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`)
  }
}

/** Whether a text is a tag, and so safe to ask for. */
export function isTag(text: string): boolean {
  return TAG.test(text)
}

function parseRepository(name: string, refuse: (why: string) => KeylessError): Repository {
  if (name.length > LONGEST_NAME) throw refuse(`its name is longer than ${LONGEST_NAME} characters`)
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(slash, 0))
  const named = /[.:[]/.test(first) || first === 'localhost'
  const host = named ? first : DOCKER_HUB
  if (!isHost(host)) throw refuse('it does not begin with the name of a registry')

  const hub = DOCKER_HUB_NAMES.has(host)
  const rest = named ? name.slice(slash + 1) : name
  const path = hub && !rest.includes('/') ? `library/${rest}` : rest
  for (const component of path.split('/')) {
    if (!COMPONENT.test(component)) {
      throw refuse(
        'its path may hold letters and digits, and single dots, underscores and dashes between'
      )
    }
  }
  return hub
    ? { host: DOCKER_HUB, path, name: `${DOCKER_HUB_NAME}/${path}` }
    : { host, path, name: `${host}/${path}` }
}

// What a URL parser would read as another host (`127.1`, `0x7f.0.0.1`, `[0::1]`) or port is refused: the host
// that credentials are looked up for must be the very host that is asked.
function isHost(host: string): boolean {
  const url = HOST.test(host) ? URL.parse(`https://${host}`) : null
  return url?.hostname === host.replace(/:[0-9]+$/, '')
}
