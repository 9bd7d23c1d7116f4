import { parentPort } from 'node:worker_threads'
import { judge } from './judge.ts'
import { KINDS } from './kinds.ts'

// Answers the position of a kind with the verdict on it.
parentPort?.on('message', (index: number) => {
  const kind = KINDS[index]
  if (!kind) throw new Error(`no kind ${index}`)
  void judge(kind()).then(verdict => {
    parentPort?.postMessage(verdict)
  })
})
