import type { Job } from '../job.ts'
import { PROGRAMS } from '../services/programs.ts'

export const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
// It takes an address of this machine for one of the internet.
const HTTP = '--plain-http'

/** What oras says of something that refers to an image. */
export type Referrer = {
  digest: string
  artifactType: string
  annotations?: Record<string, string>
}

/** It knows the registry's ways, and nothing of signatures. */
export const ORAS = { program: 'oras', version: PROGRAMS.oras.version }

/** What refers to an image, `host/path@sha256:…`. */
export async function discover(job: Job, image: string): Promise<Referrer[]> {
  const said = await job.run('oras', 'discover', HTTP, '--format', 'json', image)
  return (JSON.parse(said) as { referrers: Referrer[] }).referrers
}

/** Copies an image to another repository, `host/path`, with all that refers to it or to its platforms. */
export async function copy(job: Job, image: string, to: string): Promise<void> {
  await job.run('oras', 'cp', '--recursive', '--from-plain-http', '--to-plain-http', image, to)
}

/** Attaches the first bundle of one image to another of its repository. */
export async function moveBundle(job: Job, image: string, other: string): Promise<void> {
  const repository = image.slice(0, image.indexOf('@'))
  const [referrer] = await discover(job, image)
  const manifest = await job.run(
    ...(['oras', 'manifest', 'fetch', HTTP] as const),
    `${repository}@${referrer?.digest ?? ''}`
  )
  const [layer] = (JSON.parse(manifest) as { layers: { digest: string }[] }).layers
  const file = 'moved.json'
  const blob = `${repository}@${layer?.digest ?? ''}`
  await job.run('oras', 'blob', 'fetch', HTTP, '--output', file, blob)
  const type = ['--artifact-type', BUNDLE]
  await job.run('oras', 'attach', HTTP, ...type, other, `${file}:${BUNDLE}`)
}

/** Gives the legacy signatures of one image to another of its repository. */
export async function moveLegacy(job: Job, image: string, other: string): Promise<void> {
  const tag = (of: string): string => `sha256-${of.slice(of.lastIndexOf(':') + 1)}.sig`
  const repository = image.slice(0, image.indexOf('@'))
  await job.run('oras', 'tag', HTTP, `${repository}:${tag(image)}`, tag(other))
}
