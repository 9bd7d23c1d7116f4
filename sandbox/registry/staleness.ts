import type { RegistrySettings } from './settings.ts'

/** The time whose state is read, on the clock of `performance.now()`. */
export const asOf = ({ staleSeconds }: RegistrySettings): number =>
  performance.now() - staleSeconds * 1000
