import { TRANSIENT_STATUS } from '../http/attempt.ts'

/** Milliseconds that one request to a registry may take (research/reliability.md §4.3). */
export const ATTEMPT_TIMEOUT = 60_000

/** What a registry answers for good or ill; any other status is asked for again, until the deadline. */
export const ANSWERS: readonly number[] = Array.from({ length: 400 }, (_, i) => 200 + i).filter(
  status => !TRANSIENT_STATUS.has(status)
)
