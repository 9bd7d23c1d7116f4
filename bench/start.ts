import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from './row.ts'
import type { Bench } from './signing.ts'

const ROUNDS = 7

/** From the start of `dist/sign` to its first request, with a file that takes no time to hash. */
export async function start(bench: Bench): Promise<Row[]> {
  writeFileSync(join(bench.workspace, 'small.txt'), 'small')
  const waits: number[] = []
  for (let round = 0; round < ROUNDS; round++)
    waits.push((await bench.sign({ files: 'small.txt' })).secondsToFirstRequest)
  const median = waits.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? NaN
  return [{ what: 'start to first request', value: median, unit: 's', most: 0.3 }]
}
