import type { Answer, Request } from '../server.ts'
import type { Call } from './call.ts'
import { contentAnswer } from './content.ts'
import { checkDigest, isDigest } from './digest.ts'
import { RegistryRefusal } from './refusal.ts'
import { asOf } from './staleness.ts'
import type { StoredManifest } from './store.ts'

/** What clients and registries "SHOULD expect to be able to support", and no more. */
const MOST_BYTES = 4 * 2 ** 20

/** Answers GET, HEAD and PUT of a manifest, by tag or digest. */
export function answerManifest(call: Call, { subjects }: { subjects: boolean }): Answer {
  const { reference } = call
  if (!isDigest(reference) && !/^\w[\w.-]{0,127}$/.test(reference)) {
    throw new RegistryRefusal(404, 'MANIFEST_UNKNOWN', 'neither a tag nor a digest')
  }
  return call.request.method === 'PUT' ? put(call, subjects) : get(call)
}

function get(call: Call): Answer {
  const { request, repository, reference, store, settings } = call
  const found = store.getManifest(repository, reference, asOf(settings))
  if (found === undefined) {
    throw new RegistryRefusal(404, 'MANIFEST_UNKNOWN', `manifest unknown: ${reference}`)
  }
  if (!accepts(request, found)) {
    // As distribution answers a client that names other types only.
    throw new RegistryRefusal(404, 'MANIFEST_UNKNOWN', `${found.mediaType} is not accepted`)
  }
  return contentAnswer(call, found, settings.etags ? { etag: etagOf(found) } : {})
}

function put(call: Call, subjects: boolean): Answer {
  const { request, repository, reference, store, settings } = call
  const { body: bytes, headers } = request
  if (bytes.length > MOST_BYTES) {
    throw new RegistryRefusal(413, 'SIZE_INVALID', `manifest has more than ${MOST_BYTES} bytes`)
  }
  if (isDigest(reference)) checkDigest(reference, bytes)
  const current = store.getManifest(repository, reference)
  if (settings.etags) checkConditions(request, current)
  if (settings.immutableTags && current !== undefined && !current.bytes.equals(bytes)) {
    throw new RegistryRefusal(400, 'TAG_INVALID', `the tag ${reference} exists and is immutable`)
  }
  const stored = store.putManifest(repository, reference, {
    mediaType: headers['content-type'] ?? '',
    bytes
  })
  const { subject } = stored.links
  return {
    status: 201,
    headers: {
      location: `/v2/${repository}/manifests/${stored.digest}`,
      'docker-content-digest': stored.digest,
      ...(subjects && subject !== undefined ? { 'oci-subject': subject } : {})
    }
  }
}

const etagOf = ({ digest }: StoredManifest): string => `"${digest}"`

/** RFC 9110 §13.1; what counts is the state now, however stale reads are. */
function checkConditions({ headers }: Request, current: StoredManifest | undefined): void {
  const holds = (condition: string): boolean =>
    current !== undefined &&
    (condition.trim() === '*' || condition.split(/,\s*/).includes(etagOf(current)))
  const { 'if-match': match, 'if-none-match': noneMatch } = headers
  if ((match === undefined || holds(match)) && (noneMatch === undefined || !holds(noneMatch))) {
    return
  }
  throw new RegistryRefusal(412, 'PRECONDITION_FAILED', 'a condition of the request does not hold')
}

function accepts({ headers }: Request, { mediaType }: StoredManifest): boolean {
  const [type = ''] = mediaType.split(/\s*;/)
  const ranges = (headers.accept ?? '*/*').split(',').map(range => range.split(';')[0]?.trim())
  return [type, 'application/*', '*/*'].some(range => ranges.includes(range))
}
