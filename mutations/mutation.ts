/** What is done to a field. `swap`: with the same field of a valid bundle, by the same identity or by another. */
export type Operator =
  | 'delete'
  | 'null'
  | 'flip'
  | 'swap (same identity)'
  | 'swap (another identity)'
  | 'type'
  | 'oversize'
  | 'duplicate'

/** Something with one of its fields changed; one field may be changed in several ways by one operator. */
export type Mutation<T> = { field: string; operator: Operator; result: T }

/** Valid things of the same kind, to take fields from. */
export type Donors<T> = Readonly<Record<'same' | 'another', readonly T[]>>

/** The operators that swap, with the donors that each takes from. */
export function* swaps<T, U>(
  donors: Donors<T>,
  pick: (donor: T) => U | undefined
): Generator<[Operator, U]> {
  for (const identity of ['same', 'another'] as const) {
    for (const donor of donors[identity]) {
      const value = pick(donor)
      if (value !== undefined) yield [`swap (${identity} identity)`, value]
    }
  }
}

/** The donors' parts of which `pick` tells. */
export function inner<T, U>(donors: Donors<T>, pick: (donor: T) => U | undefined): Donors<U> {
  const each = (all: readonly T[]): U[] => all.map(pick).filter(value => value !== undefined)
  return { same: each(donors.same), another: each(donors.another) }
}

/** More than the 64 KiB that a certificate, a timestamp or a checkpoint may have. */
export const HUGE = 70_000
