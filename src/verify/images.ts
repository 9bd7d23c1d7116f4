import pLimit from 'p-limit'
import { KeylessError, type Code } from '../errors.ts'
import { findBundles } from '../registry/attachments/bundle.ts'
import type { Found } from '../registry/attachments/found.ts'
import { findLegacy } from '../registry/attachments/legacy.ts'
import type { Registry } from '../registry/client.ts'
import { hexOf } from '../registry/digest.ts'
import { isIndex, readIndex } from '../registry/image-index.ts'
import type { NamedImage } from '../subjects/image.ts'
import { parseBundle, type Bundle, type ParsedBundle } from '../trust/bundle.ts'
import { sha256Only } from '../trust/digester.ts'
import { parseLegacy, verifyLegacy } from '../trust/legacy.ts'
import { verifyBundle, type Expectation, type VerifiedIdentity } from '../trust/verify.ts'
import { tryAll, type Candidate, type Outcome, type Requirement, type Source } from './candidate.ts'
import type { Trust } from './trust.ts'

type Options = {
  /** The bundles that were given, in place of what the registry has. */
  given: ParsedBundle[] | undefined
  required: Requirement[]
  /** What has to be signed along. */
  annotations: Readonly<Record<string, string>>
  trust: Trust
}

/** Requests to registries and checks go on together; each image has a few. */
const AT_ONCE = 16

/** Verify images, each by what is attached to it in its registry. */
export async function verifyImages(
  registry: Registry,
  images: NamedImage[],
  options: Options
): Promise<Outcome[]> {
  return await pLimit(AT_ONCE).map(images, image => verifyImage(registry, image, images, options))
}

async function verifyImage(
  registry: Registry,
  image: NamedImage,
  images: NamedImage[],
  options: Options
): Promise<Outcome> {
  const { name, descriptor } = image
  const sha256 = hexOf(descriptor.digest)
  const outcome: Outcome = { kind: 'image', name, sha256, passed: [], refused: [] }
  try {
    const own = once(() => findCandidates(registry, image, options))
    // An index that is signed vouches for what it lists: its digest is over their digests.
    const byIndex = once(async () => {
      const indexes = await indexesOf(registry, image, images)
      const found = indexes.map(async index => {
        if ('error' in index) return [index]
        const candidates = await findCandidates(registry, index, options)
        return candidates.map(each => ({ ...each, index: index.descriptor.digest }))
      })
      return (await Promise.all(found)).flat()
    })
    await tryAll(outcome, [own, byIndex], options.required, () => noSignature(name))
  } catch (error) {
    if (!(error instanceof KeylessError)) throw error
    outcome.error = error
  }
  return outcome
}

/** Everything that may be a signature of this digest; cosign looks at one kind alone, and misses the other. */
async function findCandidates(
  registry: Registry,
  { name, repository, descriptor }: Index,
  { given, annotations, trust }: Options
): Promise<Candidate[]> {
  const { digest } = descriptor
  const check = (bundle: Bundle) => (required: Requirement) =>
    verifyBundle(bundle, {
      ...trust,
      digest: sha256Only(hexOf(digest)),
      expect: expectation(required, annotations)
    })
  if (given) {
    return given.map(each =>
      'error' in each ? each : { name: each.name, check: check(each.bundle) }
    )
  }
  const [bundles, legacy] = await Promise.all([
    look(`the referrers of ${name}`, findBundles(registry, repository, digest)),
    look(`the signature tag of ${name}`, findLegacy(registry, repository, digest))
  ])
  return [
    ...bundles.map(found =>
      toCandidate(found, bytes => check(parseBundle(bytes.toString('utf8'), found.name)))
    ),
    ...legacy.map(found =>
      toCandidate(found, layer => {
        const signature = parseLegacy(layer, found.name)
        return required => {
          if (required === 'signature') {
            return verifyLegacy(signature, { ...trust, digest, annotations })
          }
          throw new KeylessError(
            'NOT_A_STATEMENT',
            `The layer is a signature, not an attestation of the type ${required.predicateType}.`
          )
        }
      })
    )
  ]
}

function expectation(required: Requirement, annotations: Options['annotations']): Expectation {
  return required === 'signature'
    ? { kind: 'image-signature', annotations }
    : { kind: 'statement', ...required }
}

/** A candidate that cannot even be read never passes. */
function toCandidate<T>(
  found: Found<T>,
  read: (value: T) => (required: Requirement) => Promise<VerifiedIdentity>
): Candidate {
  const { name } = found
  if ('error' in found) return { name, error: unread(name, found.error) }
  try {
    return { name, check: read(found.value) }
  } catch (error) {
    if (error instanceof KeylessError) return { name, error }
    throw error
  }
}

/** What one of the two places has; one that cannot be looked into is a candidate that never passes. */
async function look<T>(place: string, finding: Promise<Found<T>[]>): Promise<Found<T>[]> {
  try {
    return await finding
  } catch (error) {
    if (error instanceof KeylessError) return [{ name: place, error }]
    throw error
  }
}

/** A registry that does not answer is not one that has nothing (verification.md, row 17). */
function unread(place: string, error: KeylessError): KeylessError {
  if (!COULD_NOT_LOOK.has(error.code)) return error
  return new KeylessError(
    'COULD_NOT_LOOK',
    `Whether ${place} holds a signature is not known, as it could not be read: ${error.message}`,
    { cause: error }
  )
}

const COULD_NOT_LOOK: ReadonlySet<Code> = new Set<Code>([
  'REGISTRY_ANSWER_INVALID',
  'REGISTRY_CREDENTIALS_INVALID',
  'REGISTRY_FORBIDDEN',
  'REGISTRY_REALM_REFUSED',
  'REGISTRY_REFUSED',
  'REGISTRY_UNAUTHORIZED',
  'SERVICE_ANSWER_INVALID',
  'SERVICE_REDIRECTED',
  'SERVICE_REFUSED',
  'SERVICE_UNAVAILABLE',
  'SERVICE_UNREACHABLE'
])

/**
 * Indexes that list this manifest, among those that lines of the same repository name, and what the
 * line's own tags point at. Which index lists a manifest no registry tells.
 */
async function indexesOf(
  registry: Registry,
  { name, repository, descriptor, tags }: NamedImage,
  images: NamedImage[]
): Promise<(Index | Refused)[]> {
  const named = images
    .filter(image => image.name !== name && image.repository.name === repository.name)
    .map(image => () => Promise.resolve(image.manifest))
  const tagged = tags.map(tag => () => registry.getManifest(repository, tag))
  const found = [...named, ...tagged].map(async (read): Promise<(Index | Refused)[]> => {
    try {
      const manifest = await read()
      if (manifest === undefined || !isIndex(manifest.mediaType)) return []
      const { mediaType, digest, bytes } = manifest
      const index = `${repository.name}@${digest}`
      if (!readIndex(manifest, index).some(each => each.digest === descriptor.digest)) return []
      return [{ name: index, repository, descriptor: { mediaType, digest, size: bytes.length } }]
    } catch (error) {
      if (!(error instanceof KeylessError)) throw error
      const place = `an index of ${name}`
      return [{ name: place, error: unread(place, error) }]
    }
  })
  const indexes = (await Promise.all(found)).flat()
  return [...new Map(indexes.map(index => [index.name, index])).values()]
}

type Index = Pick<NamedImage, 'name' | 'repository' | 'descriptor'>
type Refused = { name: string; error: KeylessError }

function noSignature(name: string): KeylessError {
  return new KeylessError(
    'NO_BUNDLE',
    `${name} has no signature in its registry: no bundle refers to it, and it has no signature tag; check that the step that signs it ran, and signed this digest.`
  )
}

function once(source: Source): Source {
  let found: Promise<Candidate[]> | undefined
  return () => (found ??= source())
}
