import { KeylessError } from '../errors.ts'
import type { HttpResponse } from '../http.ts'
import { isLoopback } from '../http/attempt.ts'
import { refused, unreadable } from './failures.ts'
import { checkClaim } from './manifest.ts'
import { registryUrl } from './realm.ts'
import type { Repository } from './reference.ts'
import type { Transport } from './transport.ts'

const CHUNK = 8 * 1024 * 1024
const MOST_UPLOADS = 3
const NOTHING = Buffer.alloc(0)
/** What registries, and proxies before them, answer to a blob in one piece that they do not take. */
const NOT_WHOLE: ReadonlySet<number> = new Set([400, 404, 405, 411, 413, 416, 501])

/** Where an upload goes on, and the least that a chunk but the last must have. */
type Upload = { url: URL; least: number }

/**
 * Uploads a blob by POST and PUT (distribution specification, "Pushing a blob monolithically").
 *
 * @param has asks whether the registry has it now: a PUT whose answer got lost is made again, and then the
 * upload that it ended is no more
 */
export async function uploadWhole(
  transport: Transport,
  repository: Repository,
  bytes: Buffer,
  digest: string,
  has: () => Promise<boolean>
): Promise<'done' | 'refused'> {
  const { url } = await start(transport, repository)
  const answer = await finish(transport, repository, url, bytes, digest)
  if (isSuccess(answer) || (await has())) return 'done'
  if (NOT_WHOLE.has(answer.status)) return 'refused'
  throw refused(repository, 'write', answer)
}

/**
 * Uploads a blob by POST, PATCHes and PUT ("Pushing a blob in chunks"). A chunk that got lost may have
 * arrived, so a new upload is begun then.
 */
export async function uploadInChunks(
  transport: Transport,
  repository: Repository,
  bytes: Buffer,
  digest: string,
  has: () => Promise<boolean>
): Promise<void> {
  for (let uploads = 1; ; uploads++) {
    try {
      const upload = await start(transport, repository)
      const url = await sendChunks(transport, repository, upload, bytes)
      const answer = await finish(transport, repository, url, NOTHING, digest)
      if (isSuccess(answer) || (await has())) return
      throw refused(repository, 'write', answer)
    } catch (error) {
      const lost = error instanceof KeylessError && error.code === 'SERVICE_UNAVAILABLE'
      if (!lost || uploads === MOST_UPLOADS) throw error
    }
  }
}

/** Begins an upload, and so finds out whether there may be one. One that is not ended the registry forgets. */
export async function start(transport: Transport, repository: Repository): Promise<Upload> {
  const url = new URL(`/v2/${repository.path}/blobs/uploads/`, registryUrl(repository.host))
  const answer = await transport.send(repository, 'write', { method: 'POST', url, body: NOTHING })
  if (answer.status !== 202) throw refused(repository, 'write', answer)
  const least = Number(answer.headers['oci-chunk-min-length'] ?? 0)
  return { url: nextUrl(repository, url, answer), least: Number.isSafeInteger(least) ? least : 0 }
}

async function sendChunks(
  transport: Transport,
  repository: Repository,
  upload: Upload,
  bytes: Buffer
): Promise<URL> {
  const size = Math.max(CHUNK, upload.least)
  let { url } = upload
  for (let from = 0; from < bytes.length; from += size) {
    const body = bytes.subarray(from, from + size)
    const answer = await transport.send(repository, 'write', {
      method: 'PATCH',
      url,
      headers: {
        'content-type': 'application/octet-stream',
        'content-range': `${from}-${from + body.length - 1}`
      },
      body
    })
    if (answer.status !== 202) throw refused(repository, 'write', answer)
    url = nextUrl(repository, url, answer)
  }
  return url
}

async function finish(
  transport: Transport,
  repository: Repository,
  at: URL,
  body: Buffer,
  digest: string
): Promise<HttpResponse> {
  const url = new URL(at)
  // what is there already is the registry's own, and stays as it wrote it
  url.search += `${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(digest)}`
  const answer = await transport.send(repository, 'write', {
    method: 'PUT',
    url,
    headers: { 'content-type': 'application/octet-stream' },
    body
  })
  if (isSuccess(answer)) checkClaim(repository, digest, answer.headers['docker-content-digest'])
  return answer
}

/** Where a registry wants an upload to go on: anywhere with https, and on this machine only if it is there itself. */
function nextUrl(repository: Repository, current: URL, { headers }: HttpResponse): URL {
  const url = URL.parse(headers.location ?? '', current)
  if (headers.location === undefined || url === null) {
    throw unreadable(repository, 'it does not say where the upload goes on')
  }
  if (url.username !== '' || url.password !== '') {
    throw unreadable(repository, 'the upload is to go on at a URL with a user in it')
  }
  const local = isLoopback(registryUrl(repository.host))
  if (isLoopback(url) ? !local : url.protocol !== 'https:') {
    throw unreadable(
      repository,
      `the upload is to go on at ${url.origin}, without https or on this machine`
    )
  }
  return url
}

function isSuccess({ status }: HttpResponse): boolean {
  return status >= 200 && status < 300
}
