import { KeylessError } from '../errors.ts'
import type { Selector, Service } from './service.ts'

export type SelectedService = { url: string; majorApiVersion: number }

export type Role = {
  name: string
  member: string
  offered: Service[]
  /** API versions that this program speaks. */
  supported: number[]
  selector: Selector
}

/**
 * Selects among the services of one role by the spec's rule (sigstore_trustroot.proto, Service): of those
 * valid now the highest API version that is supported, the newest first, one for each operator, as many
 * as the selector says. Error: SIGNING_CONFIG_NO_SERVICE.
 */
export function select(
  { name, member, offered, supported, selector }: Role,
  now: Date
): [SelectedService, ...SelectedService[]] {
  const usable = offered.filter(
    service => isValid(service, now) && supported.includes(service.majorApiVersion)
  )
  const highest = Math.max(...usable.map(service => service.majorApiVersion))
  const operators = new Set<string>()
  const candidates = usable
    .filter(({ majorApiVersion }) => majorApiVersion === highest)
    .sort((a, b) => b.validFor.start.getTime() - a.validFor.start.getTime())
    .filter(({ operator }) => !operators.has(operator) && operators.add(operator))
    .map(({ url, majorApiVersion }) => ({ url, majorApiVersion }))

  const [first, ...more] = candidates
  if (first === undefined) {
    throw new KeylessError(
      'SIGNING_CONFIG_NO_SERVICE',
      `The signing config (${member}) lists ${offered.length} services, of which none is a ${name} valid at ` +
        `${now.toISOString()} with an API version that is supported (${supported.join(', ')}).`
    )
  }
  if (selector.selector !== 'EXACT') return selector.selector === 'ANY' ? [first] : [first, ...more]
  if (candidates.length < selector.count) {
    throw new KeylessError(
      'SIGNING_CONFIG_NO_SERVICE',
      `The signing config (${member}) asks for exactly ${selector.count} services, each a ${name} of another operator, ` +
        `and ${candidates.length} can be used at ${now.toISOString()}.`
    )
  }
  return [first, ...more.slice(0, selector.count - 1)]
}

/** Whether a service is in use at a time; both ends of its period belong to it. */
export function isValid({ validFor: { start, end } }: Service, now: Date): boolean {
  return start <= now && (end === undefined || now <= end)
}
