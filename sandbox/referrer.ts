import { digestOf } from './registry/digest.ts'

type Descriptor = { mediaType: string; digest: string; size: number }
type Manifest = { mediaType: string; subject: Descriptor }

/**
 * Attaches to one image what is attached to another of the repository, as someone does who has the
 * signature of a good image, and another image.
 */
export async function moveSignatures(
  registryUrl: string,
  repository: string,
  from: { digest: string },
  to: Descriptor
): Promise<void> {
  const url = `${registryUrl}/v2/${repository}`
  const { digest, mediaType, size } = to
  const referrers = await fetch(`${url}/referrers/${from.digest}`)
  const { manifests } = (await referrers.json()) as { manifests: Descriptor[] }
  for (const referrer of manifests) {
    const found = await fetch(`${url}/manifests/${referrer.digest}`)
    const manifest = (await found.json()) as Manifest
    const moved = JSON.stringify({ ...manifest, subject: { mediaType, digest, size } })
    const answer = await fetch(`${url}/manifests/${digestOf(Buffer.from(moved))}`, {
      method: 'PUT',
      headers: { 'content-type': manifest.mediaType },
      body: moved
    })
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  }
}
