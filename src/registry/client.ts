import type { Http, Log } from '../http.ts'
import { createAuthorizer } from './authorizer.ts'
import { findCredentials } from './credentials.ts'
import type { Descriptor } from './descriptor.ts'
import { getBlob, putBlob } from './blob.ts'
import { getManifest, putManifest, type Condition, type Manifest } from './manifest.ts'
import { listReferrers } from './referrers.ts'
import type { Repository } from './reference.ts'
import { createTransport } from './transport.ts'
import { start as startUpload } from './upload.ts'

/**
 * An OCI registry, or several: repositories name their own. What a registry sends is hashed here, and what
 * it says about digests is never believed. Errors of all: REGISTRY_UNAUTHORIZED (401), REGISTRY_FORBIDDEN
 * (403), REGISTRY_REFUSED (any other status that is no answer), REGISTRY_ANSWER_INVALID,
 * REGISTRY_REALM_REFUSED, REGISTRY_CREDENTIALS_INVALID, and those of Http.
 */
export type Registry = {
  /**
   * The manifest under a tag or digest, at most 8 MiB; undefined where there is none.
   * Error: REGISTRY_DIGEST_MISMATCH where the bytes are not those of the digest.
   */
  getManifest(repository: Repository, reference: string): Promise<Manifest | undefined>

  /**
   * Puts a manifest under its digest, or under a tag.
   * @returns false where `condition` did not hold. An answer that got lost is asked for again, and then a
   * condition may fail because of the first attempt: look at what is there before the next.
   */
  putManifest(
    repository: Repository,
    reference: string,
    manifest: { mediaType: string; bytes: Buffer },
    condition?: Condition
  ): Promise<boolean>

  /** The bytes that a descriptor is about, at most 64 MiB; undefined where there are none. Error: REGISTRY_DIGEST_MISMATCH. */
  getBlob(repository: Repository, descriptor: Descriptor): Promise<Buffer | undefined>

  /** Finds out, by beginning an upload, whether the repository can be written to: the errors of all. */
  checkWritable(repository: Repository): Promise<void>

  /** Uploads bytes, unless the repository has them already. */
  putBlob(repository: Repository, bytes: Buffer): Promise<void>

  /**
   * What refers to a digest, by the referrers API. Undefined where the registry does not have that; every
   * other trouble is an error, since "could not look" is not "nothing there".
   */
  listReferrers(repository: Repository, digest: string): Promise<Descriptor[] | undefined>
}

/**
 * Makes the client of a run. Credentials are looked up where docker keeps them, when a registry first asks
 * for them, and once a host; tokens are kept for each repository and what is done there.
 */
export function createRegistry(options: {
  http: Http
  env: NodeJS.ProcessEnv
  log: Log
}): Registry {
  const { http, env, log } = options
  const authorizer = createAuthorizer(http, host => findCredentials(host, env, log))
  const transport = createTransport(http, authorizer)
  return {
    getManifest: (repository, reference) => getManifest(transport, repository, reference),
    putManifest: (repository, reference, manifest, condition) =>
      putManifest(transport, repository, reference, manifest, condition),
    getBlob: (repository, descriptor) => getBlob(transport, repository, descriptor),
    checkWritable: async repository => {
      await startUpload(transport, repository)
    },
    putBlob: (repository, bytes) => putBlob(transport, repository, bytes),
    listReferrers: (repository, digest) => listReferrers(transport, repository, digest)
  }
}
