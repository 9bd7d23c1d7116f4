import type { HttpResponse } from '../http.ts'
import { isObject } from '../json.ts'
import { isDescriptor, type Descriptor } from './descriptor.ts'
import { refused, unreadable } from './failures.ts'
import { essence, INDEX, MAX_MANIFEST, parseObject } from './manifest.ts'
import type { Repository } from './reference.ts'
import { urlOf, type Transport } from './transport.ts'

const MOST_PAGES = 100
const MOST_REFERRERS = 10_000
/** What registries without the API answer to it. */
const NO_API: ReadonlySet<number> = new Set([400, 404, 405, 406, 410, 501])

/**
 * See `Registry.listReferrers`. Without a filter, as what registries say of artifact types differs
 * (research/reliability.md §4.6); `OCI-Subject` is not looked at either. A 200 that is no index by its
 * Content-Type is a page of something else: such a registry has no API (as go-containerregistry sees it).
 */
export async function listReferrers(
  transport: Transport,
  repository: Repository,
  digest: string
): Promise<Descriptor[] | undefined> {
  const first = urlOf(repository, 'referrers', digest)
  const descriptors: Descriptor[] = []
  let url: URL | undefined = first
  for (let pages = 0; url !== undefined; pages++) {
    if (pages === MOST_PAGES || descriptors.length > MOST_REFERRERS) {
      throw unreadable(repository, 'the list of referrers does not end')
    }
    const answer = await transport.send(repository, 'read', {
      method: 'GET',
      url,
      headers: { accept: INDEX },
      maxBytes: MAX_MANIFEST
    })
    const isIndex = answer.status === 200 && essence(answer.headers['content-type'] ?? '') === INDEX
    if (!isIndex) {
      if (pages === 0 && (answer.status === 200 || NO_API.has(answer.status))) return undefined
      if (answer.status === 200) throw unreadable(repository, 'a page of referrers is not an index')
      throw refused(repository, 'read', answer)
    }
    descriptors.push(...read(repository, answer))
    url = nextPage(repository, first, url, answer)
  }
  return descriptors
}

function read(repository: Repository, answer: HttpResponse): Descriptor[] {
  const manifests: unknown = parseObject(answer.body)?.manifests
  if (!Array.isArray(manifests)) {
    throw unreadable(repository, 'the list of referrers is not an index')
  }
  // what has a digest by another algorithm is beyond us, and must not hide the others
  const listed = manifests.filter(each => !isDigestOfAnother(each))
  if (!listed.every(isDescriptor)) {
    throw unreadable(repository, 'the list of referrers is not an index')
  }
  return listed
}

function isDigestOfAnother(value: unknown): boolean {
  const digest = isObject(value) ? value.digest : undefined
  return (
    typeof digest === 'string' &&
    // The longest there is has 135 characters; the pattern has no stack for millions.
    digest.length < 1024 &&
    /^(?!sha256:)[a-z0-9]+([+._-][a-z0-9]+)*:[\w=-]+$/.test(digest)
  )
}

/** The target of the link to the next page (RFC 8288), which must be another page of this very list. */
function nextPage(
  repository: Repository,
  first: URL,
  current: URL,
  { headers }: HttpResponse
): URL | undefined {
  const links = [headers.link ?? []].flat().join(', ')
  const target = /<([^<>]*)>[^<>]*?;\s*rel="?next"?\s*(?:[;,]|$)/i.exec(links)?.[1]
  if (target === undefined) return undefined
  const next = URL.parse(target, current)
  const same = next?.origin === first.origin && next.pathname === first.pathname
  // an origin says nothing of the user
  if (!same || next.username !== '' || next.password !== '') {
    throw unreadable(repository, 'the link to the next page of referrers leads elsewhere')
  }
  return next
}
