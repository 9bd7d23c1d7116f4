import { createRequire } from 'node:module'
import { join } from 'node:path'
import type * as Jest from '@jest/globals'

// What `@jest/globals` is made of, without the module registry around it.
const load = createRequire(join(process.cwd(), 'package.json'))
const circus = load('jest-circus') as typeof Jest
const { ModernFakeTimers } = load('@jest/fake-timers') as {
  ModernFakeTimers: new (o: object) => {
    useFakeTimers: (o: object) => void
    useRealTimers: () => void
  }
}

export const { describe, it, beforeAll, beforeEach, afterAll, afterEach } = circus
export const { jestExpect: expect } = load('@jest/expect') as { jestExpect: typeof Jest.expect }

const clock = new ModernFakeTimers({ config: { fakeTimers: {} }, global: globalThis })
export const jest = {
  useFakeTimers: (o: object): void => {
    clock.useFakeTimers(o)
  },
  useRealTimers: (): void => {
    clock.useRealTimers()
  },
  /** Stryker has a deadline of its own for each mutant. */
  setTimeout: (): void => undefined
}
