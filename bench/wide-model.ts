import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from './row.ts'
import type { Bench } from './signing.ts'

const FILES = 100_000
const ROUNDS = 3

/** Signing and verifying a model of 100,000 files of 2 KB, against their bare digests in the same minute. */
export async function wideModel(bench: Bench): Promise<Row[]> {
  const folder = join(bench.workspace, 'wide')
  for (let i = 0; i < FILES; i++) {
    if (i % 1000 === 0) mkdirSync(join(folder, `${i / 1000}`), { recursive: true })
    writeFileSync(join(folder, `${Math.floor(i / 1000)}/${i}.txt`), `${i}`.repeat(400))
  }
  const best = { digests: Infinity, sign: Infinity, verify: Infinity }
  let memory = 0
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    execFileSync('sh', ['-c', 'find . -type f -print0 | xargs -0 sha256sum >/dev/null'], {
      cwd: folder
    })
    best.digests = Math.min(best.digests, (performance.now() - start) / 1000)
    for (const door of ['sign', 'verify'] as const) {
      const cost = await bench[door]({ models: 'wide' })
      best[door] = Math.min(best[door], cost.seconds)
      memory = Math.max(memory, cost.peakMemory)
    }
  }
  rmSync(folder, { recursive: true })
  const row = (what: string, value: number, unit: string, most?: number): Row => ({
    what: `100,000 files of a model: ${what}`,
    value,
    unit,
    ...(most !== undefined && { most })
  })
  return [
    row('find | xargs sha256sum', best.digests, 's'),
    row('sign', best.sign, 's'),
    row('sign ÷ sha256sum', best.sign / best.digests, '×', 3),
    row('verify', best.verify, 's'),
    row('verify ÷ sha256sum', best.verify / best.digests, '×', 3),
    row('peak resident memory', memory / 2 ** 20, 'MiB', 512)
  ]
}
