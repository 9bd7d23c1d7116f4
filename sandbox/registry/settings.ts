/** How a registry behaves: what a test may switch. */
export type RegistrySettings = {
  /** Sends an ETag with manifests, and refuses a PUT whose If-Match or If-None-Match does not hold. */
  etags: boolean
  /** Reads of tags and referrers show what was there so many seconds ago. */
  staleSeconds: number
  /** Referrers on one page. */
  pageSize: number
  /** What every request needs, one that reads too. */
  auth: 'none' | 'basic' | 'bearer'
  /** A bearer token is good for so many requests only. */
  expireAfterRequests?: number
  /** A tag that is there stays as it is (400, as ECR answers). */
  immutableTags: boolean
  /** Nothing may be pushed (403). */
  readOnly: boolean
  /** Blobs come in chunks (PATCH) or not at all (405). */
  chunkOnly: boolean
}

/** What a test asks for; a switch left out is off. Of both registries when no service is named. */
export type RegistrySwitches = Partial<RegistrySettings> & { service?: RegistryName }

export const REGISTRIES = ['registry', 'registry2'] as const
export type RegistryName = (typeof REGISTRIES)[number]

/** As a registry starts: `registry` is a modern one, `registry2` lacks the referrers API and ETags. */
export const defaultSettings = (name: RegistryName): RegistrySettings => ({
  etags: name === 'registry',
  staleSeconds: 0,
  pageSize: 50,
  auth: 'none',
  immutableTags: false,
  readOnly: false,
  chunkOnly: false
})
