import type { Fault, ServiceName } from '../../sandbox/client.ts'
import type { Place } from './places.ts'

type What = Omit<Fault, 'service' | 'times' | 'request'>

/** Something that goes wrong. */
export type Trouble = {
  title: string
  /** What it is at a place; nothing where it has no meaning. */
  at: (place: Place) => What | undefined
  /** Why it has no meaning where it has none. */
  not?: string
  /** What a message says where it does not name the service. */
  names?: RegExp
  /** How often it happens where it passes, for something that can be waited out. */
  passes?: (place: Place) => number | undefined
}

const everywhere = (what: What) => () => what
const written = (what: What) => (place: Place) => (place.reads ? undefined : what)
const said = (what: What) => (place: Place) => (place.says ? what : undefined)
const of =
  (services: Partial<Record<ServiceName, What>>) =>
  ({ service }: Place) =>
    services[service]
const once = (): number => 1

const isLog = (service: ServiceName): boolean => service === 'rekor' || service === 'rekor2'

const DAY = 86_400
const STATELESS: ReadonlySet<ServiceName> = new Set(['fulcio', 'tsa', 'blob'])

/** Each is the issue's, or one that the sandbox knows besides. */
export const TROUBLES: Trouble[] = [
  { title: 'never answers', at: everywhere({ kind: 'timeout' }), passes: once },
  { title: 'closes the connection', at: everywhere({ kind: 'unreachable' }), passes: once },
  {
    title: 'resets it in the middle of an answer',
    at: said({ kind: 'reset' }),
    not: 'where answers have no body',
    passes: once
  },
  {
    title: '429 with Retry-After',
    at: everywhere({ kind: 'status', status: 429, headers: { 'retry-after': '1' } }),
    passes: once
  },
  { title: '503', at: everywhere({ kind: 'status', status: 503 }), passes: () => 2 },
  {
    title: '500 after it committed',
    at: written({ kind: 'commit-then-500' }),
    not: 'where it is only read',
    passes: once
  },
  {
    title: 'no answer after it committed',
    at: written({ kind: 'commit-then-timeout' }),
    not: 'where it is only read',
    // What keeps nothing, or the same under the same name, is like one that never answers.
    passes: ({ service }) => (STATELESS.has(service) ? undefined : 1)
  },
  {
    title: '409',
    at: ({ service }) => (isLog(service) ? { kind: 'conflict' } : { kind: 'status', status: 409 }),
    passes: ({ service }) => (isLog(service) || service === 'results' ? 1 : undefined)
  },
  { title: '405', at: everywhere({ kind: 'status', status: 405 }) },
  { title: 'success, and garbage', at: everywhere({ kind: 'garbage' }) },
  {
    title: 'a wrong certificate',
    at: of({ fulcio: { kind: 'wrong-certificate' } }),
    not: 'only Fulcio issues certificates'
  },
  {
    title: 'a wrong SCT',
    at: of({ fulcio: { kind: 'wrong-sct' } }),
    not: 'only certificates have one'
  },
  { title: 'no SCT', at: of({ fulcio: { kind: 'no-sct' } }), not: 'only certificates have one' },
  ...(['imprint', 'nonce', 'authority'] as const).map(part => ({
    title: `a timestamp with a wrong ${part}`,
    at: of({ tsa: { kind: 'wrong-timestamp', part } }),
    not: 'only the timestamp authority makes them'
  })),
  {
    title: 'a stale checkpoint',
    at: of({ rekor: { kind: 'stale-checkpoint' }, rekor2: { kind: 'stale-checkpoint' } }),
    not: 'only logs have one'
  },
  {
    title: 'a checkpoint that somebody else signed',
    at: of({ rekor2: { kind: 'bad-checkpoint' } }),
    not: 'only logs have one, and in Rekor v1 the promise stands beside it'
  },
  {
    title: 'a wrong proof',
    at: of({ rekor: { kind: 'bad-proof' }, rekor2: { kind: 'bad-proof' } }),
    not: 'only logs prove anything'
  },
  {
    title: 'a wrong promise (SET)',
    at: of({ rekor: { kind: 'bad-set' } }),
    not: 'only Rekor v1 makes promises'
  },
  {
    title: 'metadata that expired',
    at: of({ tuf: { kind: 'expired-timestamp' } }),
    not: 'only TUF has such'
  },
  {
    title: 'metadata that was rolled back',
    at: of({ tuf: { kind: 'rolled-back' } }),
    not: 'only TUF has such'
  },
  {
    title: 'a clock that is a day ahead',
    at: of({
      oidc: { kind: 'clock', seconds: DAY },
      fulcio: { kind: 'clock', seconds: DAY },
      rekor: { kind: 'clock', seconds: DAY },
      tsa: { kind: 'clock', seconds: DAY }
    }),
    not: 'only where it goes into what is signed',
    // Which of the witnesses is wrong nobody can tell: they contradict each other.
    names: /clock|was not valid when the signature was made/
  },
  {
    title: 'a byte now and then',
    at: said({ kind: 'drip' }),
    not: 'where answers have no body'
  },
  {
    title: 'half a gigabyte',
    at: everywhere({ kind: 'huge' })
  },
  { title: 'a redirect to elsewhere', at: everywhere({ kind: 'redirect' }) },
  { title: 'a refusal that repeats the token', at: everywhere({ kind: 'echo-token' }) }
]
