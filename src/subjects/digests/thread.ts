// What a thread runs: it hashes batches as they come. In dist it is a file of its own beside index.js.
import { parentPort, workerData } from 'node:worker_threads'
import { BUFFER_BYTES, hashBatch, type Counters } from './batch.ts'
import type { FileToHash } from './hash.ts'

const options = workerData as { counters: Counters; keepGoing: boolean }
const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES)
parentPort?.on('message', (files: FileToHash[]) => {
  parentPort?.postMessage(hashBatch(files, options, buffer))
})
