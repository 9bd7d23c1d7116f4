import { setImmediate } from 'node:timers/promises'
import type { Time } from '../../../src/http.ts'

export type VirtualTime = Time & {
  /** Lets time pass, from one wake-up to the next, until the work is done. */
  run<T>(work: Promise<T>): Promise<T>
}

/** A clock that jumps, and dice that fall the same way for the same seed (mulberry32). */
export function createVirtualTime(seed = 1): VirtualTime {
  let clock = 0
  let state = seed
  let sleepers: { at: number; wake: () => void }[] = []

  return {
    now: () => clock,
    random() {
      state = (state + 0x6d2b79f5) | 0
      let t = Math.imul(state ^ (state >>> 15), 1 | state)
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
    },
    sleep: milliseconds =>
      new Promise<void>(wake => {
        sleepers.push({ at: clock + milliseconds, wake })
      }),
    async run(work) {
      const state = { done: false }
      const settle = (): void => {
        state.done = true
      }
      work.then(settle, settle)
      for (;;) {
        // All that the last wake-up set off comes to rest before the next.
        await setImmediate()
        if (state.done) return await work
        const at = Math.min(...sleepers.map(each => each.at))
        if (at === Infinity) throw new Error('everybody waits, and nobody sleeps')
        clock = at
        const awake = sleepers.filter(each => each.at === at)
        sleepers = sleepers.filter(each => each.at !== at)
        for (const each of awake) each.wake()
      }
    }
  }
}
