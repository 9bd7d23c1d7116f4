import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Row } from './row.ts'
import type { Bench } from './signing.ts'

const FILES = 1000
const SINGLE_RUNS = 50
const ROUNDS = 3

/** Verifying the 1,000 files that `manyFiles` left signed in one run, against a loop of cosign. */
export async function manyBundles(bench: Bench): Promise<Row[]> {
  const cosign = execFileSync(join(import.meta.dirname, '../.ci/tool'), ['cosign'], {
    encoding: 'utf8'
  }).trim()
  const loops: number[] = []
  const runs: number[] = []
  let memory = 0
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    for (let i = 0; i < SINGLE_RUNS; i++) bench.verifyByCosign(cosign, `many/${i}.txt`)
    loops.push((((performance.now() - start) / 1000) * FILES) / SINGLE_RUNS)
    const cost = await bench.verify({ files: 'many/*.txt' })
    runs.push(cost.seconds)
    memory = Math.max(memory, cost.peakMemory)
  }
  // Of several rounds the fastest: what else the machine does can only add.
  const [loop, run] = [Math.min(...loops), Math.min(...runs)]
  return [
    { what: `1,000 runs of cosign verify-blob (${SINGLE_RUNS} measured)`, value: loop, unit: 's' },
    { what: '1,000 bundles: verify', value: run, unit: 's' },
    { what: '1,000 bundles: verify ÷ cosign', value: run / loop, unit: '×', most: 0.15 },
    { what: '1,000 bundles: peak resident memory', value: memory / 2 ** 20, unit: 'MiB', most: 400 }
  ]
}
