import { KeylessError } from '../../errors.ts'
import { TIME, backoff, type Time } from '../../http.ts'
import type { Registry } from '../client.ts'
import type { Descriptor } from '../descriptor.ts'
import { OCI_MANIFEST } from '../document.ts'
import type { Repository } from '../reference.ts'
import { EMPTY, bundleEntry, bundleManifest, type NewBundle } from './bundle.ts'
import { legacyEntry, legacyForm, legacyTag, type LegacyLayer } from './legacy.ts'
import { referrersForm, referrersTag } from './referrers.ts'
import { SharedTag, type Form, type Promises } from './shared-tag.ts'

/** Where an attachment was seen after it was written. */
export type Attached = {
  /** For people: `ghcr.io/o/app@sha256:…`, `ghcr.io/o/app:sha256-….sig`. */
  name: string
  /** The tag that lists it; none where the registry lists referrers itself. */
  tag?: string
  /**
   * Whether the registry keeps others from taking it off that list by writing at the same moment. Where it
   * does not, the list was watched until it was quiet, and what comes later is not known.
   */
  guarded: boolean
}

/** What was attached and is gone. */
export type Gone = { repository: Repository; tag: string; error: KeylessError }

/** Attaches to images. One for a run: what goes to one digest goes there in one write. */
export type Attacher = {
  /**
   * Puts a bundle into the registry and refers it to its image. Resolves when it was seen on the list of referrers.
   * @throws KeylessError ATTACHMENT_NOT_LISTED, ATTACHMENT_TAG_INVALID, ATTACHMENT_TAG_REFUSED, and those of the registry
   */
  bundle(repository: Repository, bundle: NewBundle): Promise<Attached>

  /** Adds signatures to the `.sig` tag of the image with this digest. Resolves and throws as `bundle`. */
  legacy(repository: Repository, digest: string, layers: readonly LegacyLayer[]): Promise<Attached>

  /** Looks at every tag once more, at the end of the run, adds again what is gone, and says what stays gone. */
  settle(): Promise<Gone[]>
}

// milliseconds
const PATIENCE = 60_000

export function createAttacher(options: { registry: Registry; time?: Time }): Attacher {
  const { registry, time = TIME } = options
  const promises: Promises = new Map()
  const tags = new Map<string, { repository: Repository; tag: string; shared: SharedTag }>()

  const add = async (
    repository: Repository,
    tag: string,
    form: Form,
    entries: Descriptor[]
  ): Promise<boolean> => {
    const key = `${repository.name}:${tag}`
    const shared =
      tags.get(key)?.shared ?? new SharedTag({ registry, repository, tag, form, promises, time })
    tags.set(key, { repository, tag, shared })
    await shared.add(entries)
    return shared.guarded
  }

  /** False: the registry has no referrers API. */
  const isListed = async (
    repository: Repository,
    subject: string,
    digest: string
  ): Promise<boolean> => {
    const start = time.now()
    for (let attempts = 1; ; attempts++) {
      const list = await registry.listReferrers(repository, subject)
      if (list === undefined) return false
      if (list.some(entry => entry.digest === digest)) return true
      if (time.now() - start >= PATIENCE) {
        throw new KeylessError(
          'ATTACHMENT_NOT_LISTED',
          `The registry took ${repository.name}@${digest} and does not list it as a referrer of ${subject} ` +
            `after ${PATIENCE / 1000} s, so nobody would find it. Run again when the registry is well.`
        )
      }
      await time.sleep(backoff(attempts, time))
    }
  }

  return {
    async bundle(repository, bundle) {
      const bytes = bundleManifest(bundle)
      const entry = bundleEntry(bytes, bundle)
      await Promise.all([
        registry.putBlob(repository, EMPTY),
        registry.putBlob(repository, Buffer.from(bundle.text))
      ])
      await registry.putManifest(repository, entry.digest, { mediaType: OCI_MANIFEST, bytes })

      const name = `${repository.name}@${entry.digest}`
      const { digest } = bundle.subject
      // Asked, not taken from the OCI-Subject header: some registries send it and have no list.
      if (await isListed(repository, digest, entry.digest)) return { name, guarded: true }
      const tag = referrersTag(digest)
      const guarded = await add(repository, tag, referrersForm(repository, tag), [entry])
      return { name, tag, guarded }
    },

    async legacy(repository, digest, layers) {
      const tag = legacyTag(digest)
      for (const { payload } of layers) await registry.putBlob(repository, payload)
      const form = legacyForm(registry, repository, tag)
      const guarded = await add(repository, tag, form, layers.map(legacyEntry))
      return { name: `${repository.name}:${tag}`, tag, guarded }
    },

    async settle() {
      const gone: Gone[] = []
      const looks = [...tags.values()].map(async ({ repository, tag, shared }) => {
        try {
          await shared.check()
        } catch (error) {
          if (!(error instanceof KeylessError)) throw error
          gone.push({ repository, tag, error })
        }
      })
      await Promise.all(looks)
      return gone
    }
  }
}
