import type { Log } from '../../http.ts'
import type { Counters } from './batch.ts'

/** A clock (monotonic, milliseconds) that calls again and again, until what it answers is called. */
export type Clock = {
  now(): number
  every(milliseconds: number, tick: () => void): () => void
}

export const CLOCK: Clock = {
  now: () => performance.now(),
  every(milliseconds, tick) {
    const timer = setInterval(tick, milliseconds)
    return () => {
      clearInterval(timer)
    }
  }
}

const INTERVAL = 10_000
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/**
 * Say every 10 seconds how far the hashing is: files, bytes, rate, time left.
 * @returns what ends it
 */
export function reportProgress(
  total: { files: number; bytes: number },
  counters: Counters,
  { log, clock }: { log: Log; clock: Clock }
): () => void {
  const start = clock.now()
  return clock.every(INTERVAL, () => {
    const [files, bytes] = [0, 1].map(i => Number(Atomics.load(counters, i))) as [number, number]
    const rate = bytes / ((clock.now() - start) / 1000)
    // Nothing is known of the time while nothing was read, and files may have grown.
    const left = Math.max(0, total.bytes - bytes) / rate
    log.info(
      `Hashed ${files} of ${total.files} file(s), ${size(bytes)} of ${size(total.bytes)}, ${size(rate)}/s${Number.isFinite(left) ? `, ${time(left)} left` : ''}.`
    )
  })
}

/** `1.5 GiB` */
function size(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1)
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power] ?? ''}`
}

/** `1 h 5 min`, `2 min 10 s` */
function time(seconds: number): string {
  const whole = Math.ceil(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)]
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`
}
