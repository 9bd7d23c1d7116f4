import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from './row.ts'

const DIST = join(import.meta.dirname, '../dist')

/** What a runner downloads and Node reads. */
export function size(): Row[] {
  return [
    { what: 'dist/sign', value: megabytes('sign'), unit: 'MB', most: 5 },
    { what: 'dist/verify', value: megabytes('verify'), unit: 'MB', most: 3 }
  ]
}

function megabytes(door: string): number {
  const folder = join(DIST, door)
  const sizes = readdirSync(folder).map(name => statSync(join(folder, name)).size)
  return sizes.reduce((a, b) => a + b) / 1e6
}
