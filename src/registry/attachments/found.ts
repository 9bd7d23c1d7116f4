import pLimit from 'p-limit'

import { KeylessError } from '../../errors.ts'

/** What was found in a registry, to be tried: a candidate that cannot be read is one that never passes. */
export type Found<T> = {
  /** Names it in messages: `ghcr.io/o/app@sha256:…` */
  name: string
} & ({ value: T } | { error: KeylessError })

/** How many of them are looked at: more come from somebody who floods. */
export const MOST = 1000

/** Requests that wait for a registry at the same time. */
export const AT_ONCE = 16

/**
 * Reads candidates, several at once and at most `MOST` of them; those left out are one that never passes.
 * @param source names the list that they are on
 * @param read undefined: it is no candidate
 */
export async function readAll<T, U>(
  list: readonly T[],
  source: string,
  read: (each: T) => Promise<Found<U> | undefined>
): Promise<Found<U>[]> {
  const found = await pLimit(AT_ONCE).map(list.slice(0, MOST), read)
  const candidates = found.filter(each => each !== undefined)
  if (list.length <= MOST) return candidates
  const error = new KeylessError(
    'ATTACHMENT_TOO_MANY',
    `${source} lists ${list.length} attachments, of which the first ${MOST} were looked at; delete what nobody needs.`
  )
  return [...candidates, { name: source, error }]
}

/** Runs what reads a candidate; an error of ours becomes its error. */
export async function attempt<T>(name: string, read: () => Promise<T>): Promise<Found<T>> {
  try {
    return { name, value: await read() }
  } catch (error) {
    if (error instanceof KeylessError) return { name, error }
    throw error
  }
}

/** Why a candidate cannot be read. */
export function unreadable(name: string, why: string): KeylessError {
  return new KeylessError(
    'ATTACHMENT_UNREADABLE',
    `${name} is listed as attached to the image, and cannot be read: ${why}.`
  )
}
