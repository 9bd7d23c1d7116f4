import type { ServiceName } from '../../sandbox/client.ts'

/** A service, as far as it is asked for one thing. */
export type Place = {
  title: string
  service: ServiceName
  /** Narrows a fault to requests whose method and path hold this. */
  request?: string
  subject: 'file' | 'image'
  /** How a message names the service, or what it makes. */
  names: RegExp
  /** Whether it is asked for what it has, and told nothing. */
  reads: boolean
  /** Whether its answers have a body. */
  says: boolean
  /** Seconds that one attempt may take: what never answers is waited for that long. */
  attempt: number
}

const ARTIFACT = /^The workflow artifact /
const REGISTRY = /127\.0\.0\.1:\d+/

export const PLACES = [
  {
    title: "GitHub's token service (OIDC)",
    service: 'oidc',
    subject: 'file',
    names: /GitHub's token service/,
    reads: true,
    says: true,
    attempt: 10
  },
  {
    title: 'Fulcio',
    service: 'fulcio',
    subject: 'file',
    names: /Fulcio|certificate/,
    reads: false,
    says: true,
    attempt: 20
  },
  {
    title: 'Rekor v1',
    service: 'rekor',
    subject: 'file',
    names: /Rekor| log /,
    reads: false,
    says: true,
    attempt: 30
  },
  {
    title: 'Rekor v2',
    service: 'rekor2',
    subject: 'file',
    names: /Rekor| log /,
    reads: false,
    says: true,
    attempt: 60
  },
  {
    title: 'The timestamp authority',
    service: 'tsa',
    subject: 'file',
    names: /timestamp/i,
    reads: false,
    says: true,
    attempt: 15
  },
  {
    title: 'The TUF repository',
    service: 'tuf',
    subject: 'file',
    names: /TUF/,
    reads: true,
    says: true,
    attempt: 10
  },
  {
    title: 'The results service (artifacts)',
    service: 'results',
    subject: 'file',
    names: ARTIFACT,
    reads: false,
    says: true,
    attempt: 120
  },
  {
    title: 'The blob storage (artifacts)',
    service: 'blob',
    subject: 'file',
    names: ARTIFACT,
    reads: false,
    says: false,
    attempt: 120
  },
  {
    title: 'A registry that is asked for an image and its referrers',
    service: 'registry',
    subject: 'image',
    names: REGISTRY,
    reads: true,
    says: true,
    attempt: 60
  },
  {
    title: 'A registry that takes a referrer',
    service: 'registry',
    request: 'PUT /v2/',
    subject: 'image',
    names: REGISTRY,
    reads: false,
    says: false,
    attempt: 60
  },
  {
    title: 'A registry without the referrers API that takes one',
    service: 'registry2',
    request: 'PUT /v2/',
    subject: 'image',
    names: REGISTRY,
    reads: false,
    says: false,
    attempt: 60
  }
] as const satisfies readonly Place[]
