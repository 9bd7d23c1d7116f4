import type { Request } from './server.ts'

/** What can be made to go wrong, service by service. */
export const SERVICES = [
  'oidc',
  'fulcio',
  'rekor',
  'rekor2',
  'tsa',
  'tuf',
  'results',
  'blob',
  'registry',
  'registry2'
] as const
export type ServiceName = (typeof SERVICES)[number]

/** Faults before the service learns of the request, the same for every service. */
export const EARLY = [
  'status', // answers `status` (500) with `headers`, and says `message`
  'echo-token', // answers `status` (400), and repeats the token it was sent in body and header
  'redirect', // answers `status` (307) to another listener, which notes whether a secret came along
  'garbage', // answers 201 (a POST) or 200 with something that is not JSON
  'huge', // answers 201 or 200 with a body of half a gigabyte
  'timeout', // never answers
  'unreachable' // closes the connection at once
] as const

/** Faults after the service did its work. */
export const LATE = [
  'reset', // sends half the answer, then resets the connection
  'drip' // sends a byte each `seconds` (0.2)
] as const

/** The same, of requests that change something (no GET, no HEAD). */
export const COMMITTED = [
  'commit-then-500', // answers `status` (500)
  'commit-then-timeout' // never answers
] as const

const REGISTRY = [
  'wrong-bytes', // a manifest or a blob with one bit changed
  'wrong-digest-header', // the Docker-Content-Digest of something else
  'not-an-index', // referrers: 200, and JSON that is no index (`part`: which half is wrong; both when absent)
  'realm-elsewhere', // a bearer challenge with a realm on the other listener
  'realm-insecure', // one with an http realm that is not on loopback
  'expire-token', // 401, and the bearer token that came is good no more
  'redirect-blob', // 307 to the other listener, which has the blob and notes whether a secret came along
  'upload-elsewhere' // the Location of an upload is on the other listener
] as const

/** Faults of what the service says, all else being well. `clock` shifts it by `seconds`. */
const CONTENT = {
  oidc: ['expired-token', 'wrong-audience', 'wrong-issuer', 'clock'],
  fulcio: ['wrong-certificate', 'no-sct', 'wrong-sct', 'clock'],
  rekor: ['conflict', 'stale-checkpoint', 'bad-set', 'bad-proof', 'clock'],
  rekor2: ['conflict', 'stale-checkpoint', 'bad-checkpoint', 'bad-proof'],
  tsa: ['wrong-timestamp', 'clock'],
  tuf: ['expired-timestamp', 'expired-root', 'rolled-back'],
  results: ['unfinished', 'over-quota'],
  blob: [],
  registry: REGISTRY,
  registry2: REGISTRY
} as const satisfies Record<ServiceName, readonly string[]>

/** `slow` waits `seconds` (1), then all is as ever. */
const TRANSPORT = ['slow', ...EARLY, ...LATE, ...COMMITTED] as const

export type FaultKind = (typeof TRANSPORT)[number] | (typeof CONTENT)[ServiceName][number]

export type Fault = {
  service: ServiceName
  kind: FaultKind
  /** How often; until cleared when absent. */
  times?: number
  /** So many requests that it would hit get through before. */
  after?: number
  status?: number
  headers?: Record<string, string>
  /** Of `status`; "sandbox fault" when absent. */
  message?: string
  /** Of `slow`, `drip` and `clock`; negative: a clock that is behind. */
  seconds?: number
  /**
   * Which part is wrong, of `wrong-timestamp`: the imprint when absent; of `not-an-index`: the content or the
   * `media-type` of the answer, both when absent.
   */
  part?: 'imprint' | 'nonce' | 'authority' | 'content' | 'media-type'
  /**
   * Hits requests only whose method and path hold this, such as `PUT /v2/o/app/manifests/`. Of transport's and
   * registries' faults.
   */
  request?: string
}

/** The faults in force. */
export class Faults {
  #active: Fault[] = []

  /** @throws Error for a fault that the service does not know */
  add(fault: Fault): void {
    const kinds: readonly string[] = [...TRANSPORT, ...CONTENT[fault.service]]
    if (!kinds.includes(fault.kind)) {
      throw new Error(`${fault.service} knows no fault ${fault.kind}, only ${kinds.join(', ')}`)
    }
    this.#active.push({ ...fault })
  }

  clear(): void {
    this.#active = []
  }

  /** The first fault in force of these kinds, which thereby happens once. */
  take<K extends FaultKind>(
    service: ServiceName,
    ...kinds: readonly K[]
  ): (Fault & { kind: K }) | undefined {
    return this.takeFor(undefined, service, ...kinds)
  }

  /** The same, of those that are meant for this request. */
  takeFor<K extends FaultKind>(
    request: Pick<Request, 'method' | 'path'> | undefined,
    service: ServiceName,
    ...kinds: readonly K[]
  ): (Fault & { kind: K }) | undefined {
    const line = request && `${request.method} ${request.path}`
    const found = this.#active.find(
      (fault): fault is Fault & { kind: K } =>
        fault.service === service &&
        (kinds as readonly FaultKind[]).includes(fault.kind) &&
        (line?.includes(fault.request ?? '') ?? true)
    )
    if (found?.after !== undefined && found.after > 0) {
      found.after -= 1
      return undefined
    }
    if (found?.times !== undefined) {
      found.times -= 1
      if (found.times <= 0) this.#active = this.#active.filter(fault => fault !== found)
    }
    return found
  }

  /** Now, as the service's clock has it. */
  now(service: ServiceName): Date {
    return new Date(Date.now() + (this.take(service, 'clock')?.seconds ?? 0) * 1000)
  }
}
