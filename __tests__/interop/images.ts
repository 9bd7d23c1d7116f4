import { randomUUID } from 'node:crypto'
import { expect } from '@jest/globals'
import { pushImage } from '../../sandbox/image.ts'
import type { Refuses } from './cell.ts'
import { IDENTITY, ISSUER, type Job } from './job.ts'
import { BECAUSE_OF, OTHER_IDENTITY, OTHER_ISSUER, weRefuse } from './matrix.ts'
import type { Annotations, Format, ImageQuestion, ImageVerifier } from './peers/image-peer.ts'
import { copy, moveBundle, moveLegacy } from './peers/oras.ts'
import type { RegistryName } from './services/layout.ts'
import type { Log } from './services/trust.ts'

/** How the page names the registries. */
export const REGISTRY_NAMES: Record<RegistryName, string> = {
  registry: 'referrers API',
  crane: 'no referrers API',
  'registry-basic': 'no referrers API, a password',
  'registry-bearer': 'no referrers API, a token'
}

export const ANNOTATIONS: Annotations = { build: '7', 'org.example/stage': 'a & b' }
const OTHER_ANNOTATIONS: Annotations = { build: '8' }

/** An index and the images of its platforms, in a repository of their own. */
export type TestImage = {
  registry: RegistryName
  /** `host/path` */
  repository: string
  /** `host/path@sha256:…` */
  index: string
  platforms: string[]
}

/** One that is signed, and what the formats and the log of its signatures are. */
export type Signed = { image: TestImage; formats: Format[]; log: Log }

/** Pushes an image that no other is like; by way of an open registry, where oras has to log in. */
export async function push(job: Job, registry: RegistryName): Promise<TestImage> {
  const path = `team/${randomUUID()}`
  if (registry === 'registry' || registry === 'crane') return await pushOpen(job, registry, path)
  return await carry(job, await pushOpen(job, 'crane', path), registry)
}

/** Copies an image to another registry by oras, with all that refers to it. */
export async function carry(job: Job, image: TestImage, to: RegistryName): Promise<TestImage> {
  const repository = `${hostOf(job, to)}/team/${randomUUID()}`
  await copy(job, image.index, repository)
  const at = (reference: string): string => reference.replace(image.repository, repository)
  return { registry: to, repository, index: at(image.index), platforms: image.platforms.map(at) }
}

async function pushOpen(job: Job, registry: RegistryName, path: string): Promise<TestImage> {
  const { digest, platforms } = await pushImage(job.services.urls[registry], path, {
    ...{ content: randomUUID(), platforms: ['linux/amd64', 'linux/arm64'] }
  })
  const repository = `${hostOf(job, registry)}/${path}`
  const at = (of: string): string => `${repository}@${of}`
  return { registry, repository, index: at(digest), platforms: Object.values(platforms).map(at) }
}

const hostOf = (job: Job, registry: RegistryName): string =>
  new URL(job.services.urls[registry]).host

/** Signs by our action: the index and with it the platforms. */
export async function weSign(
  job: Job,
  image: TestImage,
  log: Log,
  format: Format | 'both'
): Promise<Signed> {
  const annotations = lines(ANNOTATIONS)
  const inputs = { images: image.index, 'signature-format': format, annotations }
  const run = await job.sign(log, inputs)
  expect(run).toMatchObject({ exitCode: 0, outputs: { signed: '3' } })
  // Of none of them a tag can be written on a condition, and we say so.
  const needsTag = format !== 'bundle' || image.registry !== 'registry'
  const level = 'warning'
  const message: unknown = expect.stringContaining("undo each other's entry")
  expect(run.annotations).toEqual(needsTag ? [{ level, message }] : [])
  return { image, formats: format === 'both' ? ['bundle', 'legacy'] : [format], log }
}

/** A peer believes all of our signatures, and nothing that differs from them in one thing. */
export async function theyVerifyImage(
  job: Job,
  peer: ImageVerifier,
  signed: Signed,
  refuses: Refuses
): Promise<void> {
  const { annotation, authority, unsigned, moved, identity, issuer, log } = peer.refusals
  const { image } = signed
  const asked = { image: image.index, log: signed.log }
  const annotations = annotation === undefined ? {} : { annotations: ANNOTATIONS }
  const refused = async (other: Partial<ImageQuestion>, why: string): Promise<void> => {
    await expect(peer.verify(job, { ...asked, ...annotations, ...other })).rejects.toThrow(why)
  }
  for (const one of [image.index, ...image.platforms]) {
    await peer.verify(job, { ...asked, ...annotations, image: one })
  }
  const other = await pushBeside(job, image)
  await refuses(BECAUSE_OF.unsigned, refused({ image: other }, unsigned))
  await moveSignatures(job, signed, other)
  await refuses(BECAUSE_OF.moved, refused({ image: other }, moved))
  await refuses(BECAUSE_OF.identity, refused({ identity: OTHER_IDENTITY }, identity))
  await refuses(BECAUSE_OF.issuer, refused({ issuer: OTHER_ISSUER }, issuer))
  if (annotation !== undefined) {
    const check = refused({ annotations: OTHER_ANNOTATIONS }, annotation)
    await refuses(BECAUSE_OF.annotation, check)
  }
  const { urls } = job.services
  await refuses(BECAUSE_OF.log, refused({ without: [urls[signed.log]] }, log))
  if (authority !== undefined) {
    await refuses(BECAUSE_OF.authority, refused({ without: [urls.tsa] }, authority))
  }
}

/** We believe all signatures of a peer's, and nothing that differs from them in one thing. */
export async function weVerifyImage(
  job: Job,
  signed: Signed,
  refuses: Refuses,
  isAnnotated = true
): Promise<void> {
  const { image } = signed
  const images = [image.index, ...image.platforms].join('\n')
  const inputs = { images, ...(isAnnotated && { annotations: lines(ANNOTATIONS) }) }
  const run = await job.verify(inputs)
  const outputs = { verified: 'true', images }
  expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs })

  const refused = async (other: Record<string, string>, code: string): Promise<void> => {
    await weRefuse(job, { ...inputs, ...other }, code)
  }
  const by = (identity: string, issuer = ISSUER): Record<string, string> => ({
    'certificate-identity': identity,
    'certificate-oidc-issuer': issuer
  })
  const other = await pushBeside(job, image)
  await refuses(BECAUSE_OF.unsigned, refused({ images: other }, 'NO_BUNDLE'))
  await moveSignatures(job, signed, other)
  await refuses(BECAUSE_OF.moved, refused({ images: other }, 'SUBJECT_MISMATCH'))
  await refuses(BECAUSE_OF.identity, refused(by(OTHER_IDENTITY), 'IDENTITY_MISMATCH'))
  await refuses(BECAUSE_OF.issuer, refused(by(IDENTITY, OTHER_ISSUER), 'IDENTITY_MISMATCH'))
  if (isAnnotated) {
    const annotations = lines(OTHER_ANNOTATIONS)
    await refuses(BECAUSE_OF.annotation, refused({ annotations }, 'ANNOTATION_MISMATCH'))
  }
  const root = await job.rootWithout(job.services.urls[signed.log])
  await refuses(BECAUSE_OF.log, refused({ 'trusted-root': root }, 'LOG_UNKNOWN'))
}

/** As the inputs have them. */
const lines = (annotations: Annotations): string =>
  Object.entries(annotations)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')

/** Another image in the repository of one. */
async function pushBeside(job: Job, { repository }: TestImage): Promise<string> {
  const path = repository.slice(repository.indexOf('/') + 1)
  const url = `http://${repository.slice(0, repository.indexOf('/'))}`
  const { digest } = await pushImage(url, path, { content: randomUUID() })
  return `${repository}@${digest}`
}

/** Gives the signatures of an image to another one of its repository, as whoever may write there can. */
async function moveSignatures(job: Job, { image, formats }: Signed, to: string): Promise<void> {
  if (formats.includes('bundle')) await moveBundle(job, image.index, to)
  if (formats.includes('legacy')) await moveLegacy(job, image.index, to)
}
