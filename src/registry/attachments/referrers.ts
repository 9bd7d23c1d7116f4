import type { Registry } from '../client.ts'
import type { Descriptor } from '../descriptor.ts'
import { KeylessError } from '../../errors.ts'
import { parseDocument, readDescriptors, serialize } from '../document.ts'
import { INDEX, type Manifest } from '../manifest.ts'
import type { Repository } from '../reference.ts'
import { attempt, type Found } from './found.ts'
import type { Content, Form } from './shared-tag.ts'

/** The tag that lists what refers to a digest where the registry does not (distribution spec, "Referrers Tag Schema"). */
export function referrersTag(digest: string): string {
  return digest.replace(':', '-')
}

/** What refers to a digest, and the tag where it could not be read beside the API. */
export type Referrers = { entries: Descriptor[]; unread?: Found<never> }

/**
 * What refers to a digest: by the referrers API, and by the tag that stands in for it, which is there as well
 * when the registry got the API later. Not filtered: what a list says of the type of its entries is
 * not always right (GHCR and go-containerregistry give the config's).
 *
 * @throws KeylessError where only the tag could say: ATTACHMENT_TAG_INVALID, MANIFEST_INVALID; and those of
 * the registry: "could not look" is never "nothing there"
 */
export async function listReferrers(
  registry: Registry,
  repository: Repository,
  digest: string
): Promise<Referrers> {
  const tag = referrersTag(digest)
  const [listed, tagged] = await Promise.all([
    registry.listReferrers(repository, digest),
    attempt(`${repository.name}:${tag}`, () => readTag(registry, repository, tag))
  ])
  if (!('error' in tagged)) {
    const all = [...(listed ?? []), ...tagged.value]
    return { entries: [...new Map(all.map(entry => [entry.digest, entry])).values()] }
  }
  if (listed === undefined) throw tagged.error
  // Beside the API, somebody may use the tag for anything, and must not hide what the API lists.
  const other = tagged.error.code === 'ATTACHMENT_TAG_INVALID'
  return { entries: listed, ...(!other && { unread: tagged }) }
}

async function readTag(
  registry: Registry,
  repository: Repository,
  tag: string
): Promise<Descriptor[]> {
  const manifest = await registry.getManifest(repository, tag)
  return manifest === undefined ? [] : referrersForm(repository, tag).read(manifest).entries
}

/** The tag's form: an image index, sorted by digest, as go-containerregistry writes it. */
export function referrersForm(repository: Repository, tag: string): Form {
  const what = `The tag ${repository.name}:${tag}`
  return {
    read(manifest: Manifest): Content {
      if (manifest.mediaType !== INDEX) throw notOurs(what, 'an OCI image index')
      const { manifests, ...rest } = parseDocument(manifest.bytes, what)
      return { entries: readDescriptors({ manifests }, 'manifests', what), rest }
    },
    write({ entries, rest }) {
      const manifests = entries.toSorted((a, b) => (a.digest < b.digest ? -1 : 1))
      const bytes = serialize({
        ...{ schemaVersion: 2, mediaType: INDEX, manifests },
        ...rest
      })
      return Promise.resolve({ mediaType: INDEX, bytes })
    },
    name: entry => entry.digest
  }
}

/** A tag that is something else than its name makes expect. */
export function notOurs(what: string, expected: string): KeylessError {
  return new KeylessError(
    'ATTACHMENT_TAG_INVALID',
    `${what} should list what is attached to the image, and is not ${expected}; delete or rename it.`
  )
}
