import { KeylessError } from '../errors.ts'
import { fromOutside } from '../http/words.ts'
import { findJsonFault } from '../json.ts'
import { isObject } from '../json.ts'
import type { Json } from './json.ts'
import { isValid, select, type SelectedService } from './selection.ts'
import { invalid, parseSelector, parseServices, type Selector, type Service } from './service.ts'

const MEDIA_TYPE = 'application/vnd.dev.sigstore.signingconfig.v0.2+json'
export type SigningConfig = {
  fulcio: Service[]
  rekor: Service[]
  rekorSelector?: Selector
  timestampAuthorities: Service[]
  timestampSelector?: Selector
}

/**
 * Parses a signing config v0.2 (protobuf-specs, sigstore_trustroot.proto, SigningConfig). OIDC
 * providers in it are not read: the identity is the runner's. Members that the format does not know are
 * left alone, as it asks.
 * Error: SIGNING_CONFIG_INVALID, which names the member.
 */
export function parseSigningConfig(json: string): SigningConfig {
  const config = parseJson(json)
  if (config.mediaType !== MEDIA_TYPE) {
    const found = typeof config.mediaType === 'string' ? fromOutside(config.mediaType) : 'none'
    throw invalid(`its mediaType must be ${MEDIA_TYPE}, and is ${found}`)
  }
  const rekor = parseServices(config, 'rekorTlogUrls')
  const timestampAuthorities = parseServices(config, 'tsaUrls')
  return {
    fulcio: parseServices(config, 'caUrls'),
    rekor,
    ...(rekor.length > 0 && { rekorSelector: parseSelector(config, 'rekorTlogConfig') }),
    timestampAuthorities,
    ...(timestampAuthorities.length > 0 && {
      timestampSelector: parseSelector(config, 'tsaConfig')
    })
  }
}

function parseJson(json: string): Json {
  const fault = findJsonFault(json)
  if (fault)
    throw invalid('key' in fault ? 'one of its objects has a key twice' : `it ${fault.what}`)
  try {
    const config: unknown = JSON.parse(json)
    if (isObject(config)) return config
  } catch {
    // said below
  }
  throw invalid('it is not a JSON object')
}

/** Whom a run signs with. */
export type Services = {
  fulcio: SelectedService
  /** Absent for an instance whose signing config lists no transparency log at all. */
  rekor?: SelectedService
  /** One at least: Rekor v2 says no time, and certificates are short-lived. */
  timestampAuthorities: [SelectedService, ...SelectedService[]]
}

/** `v1`: a log of Rekor v1 and none else, also where there is a newer one. */
export type LogChoice = 'newest' | 'v1'

/**
 * Selects the services to sign with (sigstore_trustroot.proto, SigningConfig and Service): of those valid now
 * the highest API version that we speak, the newest first, one for each operator, as many as the
 * selector says. A bundle has exactly one log entry, so a config that asks for several logs is refused.
 * Errors: SIGNING_CONFIG_NO_SERVICE, SIGNING_CONFIG_INVALID, LEGACY_NEEDS_REKOR_V1.
 */
export function selectServices(
  config: SigningConfig,
  now: Date,
  log: LogChoice = 'newest'
): Services {
  const any: Selector = { selector: 'ANY' }
  const [fulcio] = select(
    {
      name: 'certificate authority',
      member: 'caUrls',
      offered: config.fulcio,
      supported: [1],
      selector: any
    },
    now
  )
  const rekor = log === 'v1' ? selectRekorV1(config, now) : selectRekor(config, now, [1, 2])
  const timestampAuthorities = select(
    {
      name: 'timestamp authority',
      member: 'tsaUrls',
      offered: config.timestampAuthorities,
      supported: [1],
      selector: config.timestampSelector ?? any
    },
    now
  )
  return { fulcio, ...(rekor && { rekor }), timestampAuthorities }
}

// cosign's older form holds the log's promise (SET), which only Rekor v1 gives, and has no place for a proof.
function selectRekorV1(config: SigningConfig, now: Date): SelectedService | undefined {
  const offered = config.rekor.some(each => each.majorApiVersion === 1 && isValid(each, now))
  if (offered) return selectRekor(config, now, [1])
  throw new KeylessError(
    'LEGACY_NEEDS_REKOR_V1',
    `signature-format "legacy" and "both" need a transparency log of Rekor v1, and the signing config (rekorTlogUrls) lists none that is valid at ${now.toISOString()}; write signature-format: bundle, or use a Sigstore instance with such a log.`
  )
}

function selectRekor(
  config: SigningConfig,
  now: Date,
  supported: number[]
): SelectedService | undefined {
  const { rekor: offered, rekorSelector: selector } = config
  if (selector === undefined) return undefined
  const role = {
    name: 'transparency log',
    member: 'rekorTlogUrls',
    offered,
    supported,
    selector
  }
  const [rekor, ...more] = select(role, now)
  if (more.length > 0) {
    throw new KeylessError(
      'SIGNING_CONFIG_INVALID',
      `The signing config asks for entries in ${more.length + 1} transparency logs (rekorTlogConfig), and a bundle here has ` +
        'exactly one; set the selector to ANY.'
    )
  }
  return rekor
}
