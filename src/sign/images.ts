import { createHash } from 'node:crypto'
import pLimit from 'p-limit'
import { KeylessError } from '../errors.ts'
import { findBundles } from '../registry/attachments/bundle.ts'
import type { Found } from '../registry/attachments/found.ts'
import { findLegacy, type LegacyLayer } from '../registry/attachments/legacy.ts'
import type { Registry } from '../registry/client.ts'
import { hexOf } from '../registry/digest.ts'
import { serializeBundle } from '../sigstore/bundle.ts'
import type { Session } from '../sigstore/session.ts'
import { imageStatement } from '../statements/image.ts'
import { legacyAnnotations } from '../statements/legacy-annotations.ts'
import { simpleSigning } from '../statements/simple-signing.ts'
import { findImages, platformsOf, type ImageLines, type ImageSubject } from '../subjects/image.ts'
import { parseBundle } from '../trust/bundle.ts'
import { sha256Only } from '../trust/digester.ts'
import { parseLegacy, verifyLegacy } from '../trust/legacy.ts'
import { verifyBundle, type VerifiedIdentity } from '../trust/verify.ts'
import type { Inputs } from './inputs.ts'
import { signAll, type Draft, type Signature, type Trust } from './signature.ts'

/** A signature of an image, and the name of the attachment where the registry has it already. */
export type ImageSignature<T> = Signature<T> & { attached?: string }

/** An image with its signatures, one of each format that was asked for. */
export type SignedImage = ImageSubject & {
  sha256: string
  /** The bundle's, where there is one. */
  verified: VerifiedIdentity
  bundle?: ImageSignature<string>
  legacy?: ImageSignature<LegacyLayer>
}

type Options = Pick<Inputs, 'formats' | 'annotations'> & { trust: Trust }

/** Images whose attachments are looked at together; each is a few requests. */
const LOOKING = 32

/**
 * The images that the lines name, and every manifest that an index among them lists, each once. Their
 * repositories are such that signatures can be attached there, where that is to be done.
 *
 * @throws KeylessError as findImages, and the registry's
 */
export async function resolveImages(
  registry: Registry,
  lines: ImageLines,
  { recursive, publish }: Pick<Inputs, 'recursive' | 'publish'>
): Promise<ImageSubject[]> {
  const images = await findImages(registry, lines)
  if (publish.registry) {
    const repositories = new Map(images.map(({ repository }) => [repository.name, repository]))
    await pLimit(LOOKING).map([...repositories.values()], each => registry.checkWritable(each))
  }
  const platforms = recursive
    ? await Promise.all(images.map(image => platformsOf(registry, image)))
    : []
  const all = [...images, ...platforms.flat()]
  return [...new Map(all.map(image => [image.name, image])).values()]
}

/**
 * One statement a digest, since `cosign verify` reports the first subject of a statement for each. What an
 * earlier attempt of this run, or another run for the same commit, has attached already is not made
 * again, if it verifies.
 */
export async function signImages(
  images: ImageSubject[],
  registry: Registry,
  session: Session,
  { formats, annotations, trust }: Options
): Promise<SignedImage[]> {
  const [bundles, legacy] = await Promise.all([
    formats.has('bundle')
      ? signEach(images, bundleFormat(registry, annotations), session, trust)
      : undefined,
    formats.has('legacy')
      ? signEach(images, legacyFormat(registry, annotations), session, trust)
      : undefined
  ])
  return images.flatMap((image, i) => {
    const [bundle, layer] = [bundles?.[i], legacy?.[i]]
    const main = bundle ?? layer
    if (main === undefined) return []
    const formats = { ...(bundle && { bundle }), ...(layer && { legacy: layer }) }
    return [
      { ...image, sha256: hexOf(image.descriptor.digest), verified: main.verified, ...formats }
    ]
  })
}

/** How a signature is kept in a registry. */
type Form<T> = {
  draft: (image: ImageSubject) => Draft<T>
  find: (image: ImageSubject) => Promise<Found<T>[]>
}

async function signEach<T>(
  images: ImageSubject[],
  { draft, find }: Form<T>,
  session: Session,
  trust: Trust
): Promise<ImageSignature<T>[]> {
  const drafts = images.map(draft)
  const there = await pLimit(LOOKING).map(images, async (image, i) => {
    const { verify } = drafts[i] ?? draft(image)
    return await firstOf(await find(image), made => verify(made, trust))
  })
  const missing = drafts.filter((_, i) => there[i] === undefined)
  const made = (await signAll(missing, session, trust)).values()
  return there.map(each => each ?? made.next().value).filter(each => each !== undefined)
}

/** The first that verifies; what was attached by others, or for another commit, does not. */
async function firstOf<T>(
  found: Found<T>[],
  verify: (made: T) => Promise<VerifiedIdentity>
): Promise<ImageSignature<T> | undefined> {
  for (const each of found) {
    if ('error' in each) continue
    try {
      return { made: each.value, verified: await verify(each.value), attached: each.name }
    } catch (error) {
      if (!(error instanceof KeylessError)) throw error
    }
  }
  return undefined
}

function bundleFormat(registry: Registry, annotations: Options['annotations']): Form<string> {
  return {
    find: async ({ repository, descriptor }) => {
      const found = await findBundles(registry, repository, descriptor.digest)
      return found.map(each =>
        'value' in each ? { name: each.name, value: each.value.toString('utf8') } : each
      )
    },
    draft: image => {
      const { repository, descriptor } = image
      const payload = imageStatement({
        name: repository.name,
        digest: descriptor.digest,
        annotations
      })
      return {
        make: async session => serializeBundle(await session.signStatement(payload)),
        verify: async (text, trust) => {
          const bundle = parseBundle(text, 'the bundle')
          const { content } = bundle
          if (content.$case !== 'dsseEnvelope' || !content.dsseEnvelope.payload.equals(payload)) {
            throw otherPayload()
          }
          return await verifyBundle(bundle, {
            ...trust,
            digest: sha256Only(hexOf(image.descriptor.digest)),
            expect: { kind: 'image-signature', annotations }
          })
        }
      }
    }
  }
}

function legacyFormat(registry: Registry, annotations: Options['annotations']): Form<LegacyLayer> {
  return {
    find: ({ repository, descriptor }) => findLegacy(registry, repository, descriptor.digest),
    draft: ({ repository, descriptor: { digest } }) => {
      const payload = simpleSigning({ name: repository.name, digest, annotations })
      const sha256 = createHash('sha256').update(payload).digest()
      return {
        make: async session => ({
          payload,
          annotations: legacyAnnotations(await session.signDigest(sha256))
        }),
        verify: async (layer, trust) => {
          if (!layer.payload.equals(payload)) throw otherPayload()
          const signature = parseLegacy(layer, 'the signature')
          return await verifyLegacy(signature, { ...trust, digest, annotations })
        }
      }
    }
  }
}

function otherPayload(): KeylessError {
  return new KeylessError('SUBJECT_MISMATCH', 'The signature says something else than this run.')
}
