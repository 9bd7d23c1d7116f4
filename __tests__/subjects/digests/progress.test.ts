import { expect, it } from '@jest/globals'
import { makeCounters } from '../../../src/subjects/digests/batch.ts'
import { reportProgress } from '../../../src/subjects/digests/progress.ts'
import { silent } from './silent.ts'

const GIB = 1024 ** 3

it('says every 10 seconds how far it is', () => {
  const lines: string[] = []
  const log = { ...silent, info: (line: string) => lines.push(line) }
  let now = 1000
  let every = 0
  let tick = (): void => undefined
  let ended = false
  const clock = {
    now: () => now,
    every: (milliseconds: number, call: () => void) => {
      every = milliseconds
      tick = call
      return () => {
        ended = true
      }
    }
  }
  const counters = makeCounters()
  const stop = reportProgress({ files: 3, bytes: 101 * GIB }, counters, { log, clock })
  expect(every).toBe(10_000)
  const after = (seconds: number, files: number, bytes: number): void => {
    now = 1000 + seconds * 1000
    counters.set([BigInt(files), BigInt(bytes)])
    tick()
  }
  after(10, 0, 0)
  after(20, 1, 20 * GIB)
  after(100, 2, 101 * GIB - 512 * 1024)
  after(110, 2, 102 * GIB)
  after(200, 2, GIB)
  after(2000, 2, 101 * GIB)
  stop()
  expect(ended).toBe(true)
  expect(lines).toEqual([
    'Hashed 0 of 3 file(s), 0 B of 101.0 GiB, 0 B/s.',
    'Hashed 1 of 3 file(s), 20.0 GiB of 101.0 GiB, 1.0 GiB/s, 1 min 21 s left.',
    'Hashed 2 of 3 file(s), 101.0 GiB of 101.0 GiB, 1.0 GiB/s, 1 s left.',
    'Hashed 2 of 3 file(s), 102.0 GiB of 101.0 GiB, 949.5 MiB/s, 0 s left.',
    'Hashed 2 of 3 file(s), 1.0 GiB of 101.0 GiB, 5.1 MiB/s, 5 h 33 min left.',
    'Hashed 2 of 3 file(s), 101.0 GiB of 101.0 GiB, 51.7 MiB/s, 0 s left.'
  ])
})
