import type { Log } from '../../../src/http.ts'

/** A log that nobody reads. */
export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warning: () => undefined
}
