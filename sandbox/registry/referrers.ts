import type { Answer } from '../server.ts'
import type { Call } from './call.ts'
import { isDigest } from './digest.ts'
import { type Descriptor, IMAGE_INDEX } from './manifest.ts'
import { RegistryRefusal } from './refusal.ts'
import { asOf } from './staleness.ts'
import type { StoredManifest } from './store.ts'

/**
 * Answers a page of the referrers of a digest, of which there are none where nobody knows the digest.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export function answerReferrers(call: Call): Answer {
  const { request, repository, reference: digest, store, settings, takeFault } = call
  if (!isDigest(digest)) throw new RegistryRefusal(400, 'DIGEST_INVALID', 'not a digest')
  const type = request.query.get('artifactType')
  const all = store
    .referrers(repository, digest, asOf(settings))
    .filter(({ links }) => type === null || links.artifactType === type)
  const from = Number(request.query.get('from') ?? 0)
  const next = from + settings.pageSize
  const manifests = all.slice(from, next).map(describe)

  const wrong = takeFault('not-an-index')
  const query = new URLSearchParams({
    ...(type === null ? {} : { artifactType: type }),
    from: String(next)
  })
  return {
    status: 200,
    headers: {
      'content-type':
        wrong === undefined || wrong.part === 'content' ? IMAGE_INDEX : 'application/json',
      ...(type === null ? {} : { 'oci-filters-applied': 'artifactType' }),
      ...(next < all.length ? { link: `<${request.path}?${query.toString()}>; rel="next"` } : {})
    },
    body: JSON.stringify(
      wrong === undefined || wrong.part === 'media-type'
        ? { schemaVersion: 2, mediaType: IMAGE_INDEX, manifests }
        : { message: 'It works!' }
    )
  }
}

function describe({ mediaType, digest, bytes, links }: StoredManifest): Descriptor {
  const { artifactType, annotations } = links
  return {
    mediaType,
    digest,
    size: bytes.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations })
  }
}
