/** What can be made to go wrong, service by service. */
export const SERVICES = [
  'oidc',
  'fulcio',
  'rekor',
  'rekor2',
  'tsa',
  'tuf',
  'results',
  'blob'
] as const
export type ServiceName = (typeof SERVICES)[number]

/** Faults before the service learns of the request, the same for every service. */
export const EARLY = [
  'status', // answers `status` (500) with `headers`
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

/** The same, of requests that change something (no GET). */
export const COMMITTED = [
  'commit-then-500', // answers `status` (500)
  'commit-then-timeout' // never answers
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
  blob: []
} as const satisfies Record<ServiceName, readonly string[]>

/** `slow` waits `seconds` (1), then all is as ever. */
const TRANSPORT = ['slow', ...EARLY, ...LATE, ...COMMITTED] as const

export type FaultKind = (typeof TRANSPORT)[number] | (typeof CONTENT)[ServiceName][number]

export type Fault = {
  service: ServiceName
  kind: FaultKind
  /** How often; until cleared when absent. */
  times?: number
  status?: number
  headers?: Record<string, string>
  /** Of `slow`, `drip` and `clock`; negative: a clock that is behind. */
  seconds?: number
  /** Of `wrong-timestamp`: which part is wrong (the imprint when absent). */
  part?: 'imprint' | 'nonce' | 'authority'
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
    const found = this.#active.find(
      (fault): fault is Fault & { kind: K } =>
        fault.service === service && (kinds as readonly FaultKind[]).includes(fault.kind)
    )
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
