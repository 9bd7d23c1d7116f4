import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RequestRecord } from '../sandbox/client.ts'
import type { Row } from './row.ts'
import type { Bench } from './signing.ts'

const FILES = 1000
const SINGLE_RUNS = 20

/** 1,000 files in one run, against as many runs of one file. */
export async function manyFiles(bench: Bench): Promise<Row[]> {
  const folder = join(bench.workspace, 'many')
  mkdirSync(folder)
  for (let i = 0; i < FILES; i++) writeFileSync(join(folder, `${i}.txt`), `file ${i}`)

  let singles = 0
  for (let i = 0; i < SINGLE_RUNS; i++)
    singles += (await bench.sign({ files: `many/${i}.txt` })).seconds
  const loop = (singles / SINGLE_RUNS) * FILES
  const all = await bench.sign({ files: 'many/*.txt' })

  const certificates = posts(all.requests, 'fulcio')
  const entries = posts(all.requests, 'rekor')
  // A connection carries one request at a time and a new one is opened only while all others are busy, so
  // that this is the most requests that were under way at once; the pool for the log has 32 places.
  const connections = new Set(entries.map(({ port }) => port)).size
  return [
    { what: `1,000 runs of one file (${SINGLE_RUNS} measured)`, value: loop, unit: 's' },
    { what: 'one run of 1,000 files', value: all.seconds, unit: 's' },
    { what: 'one run ÷ 1,000 runs', value: all.seconds / loop, unit: '×', most: 0.25 },
    { what: '1,000 files: certificates', value: certificates.length, unit: '', least: 1, most: 1 },
    {
      what: '1,000 files: log entries',
      value: entries.length,
      unit: '',
      least: FILES,
      most: FILES
    },
    {
      what: '1,000 files: connections to the log',
      value: connections,
      unit: '',
      least: 16,
      most: 32
    },
    { what: '1,000 files: peak resident memory', value: all.peakMemory / 2 ** 20, unit: 'MiB' }
  ]
}

const posts = (requests: RequestRecord[], service: string): RequestRecord[] =>
  requests.filter(request => request.service === service && request.method === 'POST')
