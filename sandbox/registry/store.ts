import { type ManifestLinks, parseManifest } from './manifest.ts'
import { digestOf, isDigest } from './digest.ts'
import { RegistryRefusal } from './refusal.ts'

export type StoredManifest = {
  /** The content type, byte for byte as it was pushed. */
  mediaType: string
  bytes: Buffer
  digest: string
  links: ManifestLinks
  /** When it came, on the clock of `performance.now()`. */
  at: number
}

type Repository = {
  blobs: Map<string, Buffer>
  /** By digest, the oldest first. */
  manifests: Map<string, StoredManifest>
  /** Every digest that a tag ever had, the oldest first. */
  tags: Map<string, { digest: string; at: number }[]>
}

/** What registries hold: repositories with their blobs, manifests and tags, also as they once were. */
export class RegistryStore {
  readonly #repositories = new Map<string, Repository>()

  has(repository: string): boolean {
    return this.#repositories.has(repository)
  }

  getBlob(repository: string, digest: string): Buffer | undefined {
    return this.#repositories.get(repository)?.blobs.get(digest)
  }

  /** Answers the blob's digest. */
  putBlob(repository: string, bytes: Buffer): string {
    const digest = digestOf(bytes)
    this.#open(repository).blobs.set(digest, bytes)
    return digest
  }

  /** @param asOf for a tag: the time, on the clock of `performance.now()`, whose state is asked for */
  getManifest(
    repository: string,
    reference: string,
    asOf = performance.now()
  ): StoredManifest | undefined {
    const found = this.#repositories.get(repository)
    if (isDigest(reference)) return found?.manifests.get(reference)
    const digest = found?.tags.get(reference)?.findLast(({ at }) => at <= asOf)?.digest
    return digest === undefined ? undefined : found?.manifests.get(digest)
  }

  /**
   * Takes a manifest whose blobs, or manifests, are there.
   * @throws RegistryRefusal MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN
   */
  putManifest(
    repository: string,
    reference: string,
    content: Pick<StoredManifest, 'mediaType' | 'bytes'>
  ): StoredManifest {
    const links = parseManifest(content)
    for (const { digest, size } of links.blobs) {
      checkLink(digest, size, this.getBlob(repository, digest))
    }
    for (const { digest, size } of links.manifests) {
      checkLink(digest, size, this.getManifest(repository, digest)?.bytes)
    }
    const { manifests, tags } = this.#open(repository)
    const digest = digestOf(content.bytes)
    const at = performance.now()
    const stored = { ...content, digest, links, at: manifests.get(digest)?.at ?? at }
    manifests.set(digest, stored)
    if (!isDigest(reference)) {
      tags.set(reference, [...(tags.get(reference) ?? []), { digest, at }])
    }
    return stored
  }

  tags(repository: string): string[] {
    return [...(this.#repositories.get(repository)?.tags.keys() ?? [])].sort()
  }

  /** The manifests whose subject this digest is, the oldest first. */
  referrers(repository: string, digest: string, asOf = performance.now()): StoredManifest[] {
    const manifests = [...(this.#repositories.get(repository)?.manifests.values() ?? [])]
    return manifests.filter(({ links, at }) => links.subject === digest && at <= asOf)
  }

  #open(name: string): Repository {
    const found = this.#repositories.get(name)
    if (found !== undefined) return found
    const repository: Repository = { blobs: new Map(), manifests: new Map(), tags: new Map() }
    this.#repositories.set(name, repository)
    return repository
  }
}

function checkLink(digest: string, size: number, bytes: Buffer | undefined): void {
  if (bytes === undefined) {
    throw new RegistryRefusal(400, 'MANIFEST_BLOB_UNKNOWN', `blob unknown to registry: ${digest}`)
  }
  if (bytes.length !== size) {
    throw new RegistryRefusal(400, 'MANIFEST_INVALID', `${digest} has ${bytes.length} bytes`)
  }
}
