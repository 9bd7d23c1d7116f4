import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { IRRELEVANT } from './irrelevant.ts'
import type { Verdict } from './judge.ts'
import { KINDS } from './kinds.ts'

// npm run test:mutations
//
// Changes every field of every kind of signature that is accepted, with every operator, and fails where
// the result is accepted although irrelevant.ts does not have it. Keys and times are new in each run; which
// mutants there are is not left to chance.

const LEAST_MUTANTS = 2000
const MOST_IRRELEVANT = 12

const waiting = [...KINDS.keys()]
const verdicts = new Map<number, Verdict>()

async function work(): Promise<void> {
  const worker = new Worker(new URL('./thread.ts', import.meta.url))
  for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
    worker.postMessage(index)
    const [verdict] = (await once(worker, 'message')) as [Verdict]
    verdicts.set(index, verdict)
  }
  await worker.terminate()
}
await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work))

let mutants = 0
let failed = 0
const problem = (text: string): void => {
  failed++
  console.log(`    ${text}`)
}
for (const index of KINDS.keys()) {
  const verdict = verdicts.get(index)
  if (!verdict) throw new Error(`no verdict on kind ${index}`)
  mutants += verdict.mutants
  const fields = verdict.irrelevant.length > 0 ? ` (${verdict.irrelevant.join('; ')})` : ''
  console.log(
    `${verdict.kind}: ${verdict.mutants} mutants, ${verdict.refused} refused, ${verdict.accepted} irrelevant${fields}`
  )
  verdict.problems.forEach(problem)
}
if (mutants < LEAST_MUTANTS) problem(`only ${mutants} mutants; there have to be ${LEAST_MUTANTS}`)
if (IRRELEVANT.length > MOST_IRRELEVANT) problem(`${IRRELEVANT.length} fields are irrelevant`)
console.log(`${Math.max(0, mutants - failed)} passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1
