import pLimit from 'p-limit'
import { KeylessError } from '../errors.ts'
import type { Log } from '../http.ts'
import { createAttacher, type Attached } from '../registry/attachments/attacher.ts'
import type { Registry } from '../registry/client.ts'
import { SIGN_PREDICATE } from '../trust/image.ts'
import type { SignedImage } from './images.ts'

/** The attachments of an image, for people: a referrer, a signature tag. */
export type Attachments = { bundle?: string; legacy?: string }

export type Attaching = { attachments: Attachments; errors: KeylessError[] }

/** Images that are attached to together; each is a few requests. */
const AT_ONCE = 32

/**
 * Attach to each image its signatures that are not there yet. What fails stops nothing else.
 */
export async function attachAll(
  images: SignedImage[],
  registry: Registry,
  log: Log
): Promise<Attaching[]> {
  const attacher = createAttacher({ registry })
  const unguarded = new Set<string>()
  const byTag = new Map<string, Attaching>()
  const created = new Date()
  const attached = await pLimit(AT_ONCE).map(images, async image => {
    const { repository, descriptor, bundle, legacy } = image
    const ending: Attaching = { attachments: {}, errors: [] }
    const attach = async (
      format: keyof Attachments,
      there: string | undefined,
      attaching: () => Promise<Attached>
    ): Promise<void> => {
      try {
        if (there !== undefined) {
          ending.attachments[format] = there
          return
        }
        const { name, tag, guarded } = await attaching()
        ending.attachments[format] = name
        if (tag !== undefined) byTag.set(`${repository.name}:${tag}`, ending)
        if (!guarded) unguarded.add(repository.host)
      } catch (error) {
        if (!(error instanceof KeylessError)) throw error
        ending.errors.push(error)
      }
    }
    if (bundle) {
      const { made: text, attached } = bundle
      const one = { subject: descriptor, text, predicateType: SIGN_PREDICATE, created }
      await attach('bundle', attached, () => attacher.bundle(repository, one))
    }
    if (legacy) {
      const { made: layer, attached } = legacy
      await attach('legacy', attached, () =>
        attacher.legacy(repository, descriptor.digest, [layer])
      )
    }
    return ending
  })
  for (const { repository, tag, error } of await attacher.settle()) {
    byTag.get(`${repository.name}:${tag}`)?.errors.push(error)
  }
  for (const host of unguarded) {
    log.warning(
      `${host} lets two jobs that attach to one image at the same time undo each other's entry. All of this run are listed now; let one job at a time sign an image (concurrency), so that they stay.`
    )
  }
  return attached
}
