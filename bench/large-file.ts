import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from './row.ts'
import type { Bench } from './signing.ts'

const SIZE = 2 ** 31
const BLOCK = 2 ** 26
const ROUNDS = 5

/** Signing 2 GiB, which lie in the page cache, against the bare digest by OpenSSL in the same minute. */
export async function largeFile(bench: Bench): Promise<Row[]> {
  const file = join(bench.workspace, 'large.bin')
  writeLarge(file)
  digest(file)
  const digests: number[] = []
  const signings: number[] = []
  let memory = 0
  for (let round = 0; round < ROUNDS; round++) {
    digests.push(digest(file))
    const cost = await bench.sign({ files: 'large.bin' })
    signings.push(cost.seconds)
    memory = Math.max(memory, cost.peakMemory)
  }
  rmSync(file)
  // Of several rounds the fastest: what else the machine does can only add.
  const [digested, signed] = [Math.min(...digests), Math.min(...signings)]
  return [
    { what: '2 GiB: openssl dgst -sha256', value: digested, unit: 's' },
    { what: '2 GiB: sign', value: signed, unit: 's' },
    { what: '2 GiB: sign ÷ openssl', value: signed / digested, unit: '×', most: 1.25 },
    { what: '2 GiB: peak resident memory', value: memory / 2 ** 20, unit: 'MiB', most: 200 }
  ]
}

/** 2 GiB of noise. */
export function writeLarge(file: string): void {
  const block = randomBytes(BLOCK)
  const descriptor = openSync(file, 'w')
  for (let written = 0; written < SIZE; written += BLOCK) writeSync(descriptor, block)
  closeSync(descriptor)
}

/** Seconds. */
function digest(file: string): number {
  const start = performance.now()
  execFileSync('openssl', ['dgst', '-sha256', file])
  return (performance.now() - start) / 1000
}
