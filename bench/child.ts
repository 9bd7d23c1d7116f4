import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { peakMemory } from './signing.ts'

/** Milliseconds between two looks at a program's memory. */
const LOOK = 10

/** What one run of a program took: seconds, bytes. */
export type Usage = { seconds: number; peakMemory: number }

/**
 * Runs a program that is not ours to its end. Its peak memory is the last that was seen before it ended, so that it
 * can only be too low, by what a program may still take in its last 10 ms.
 * @throws Error with what it said, when it fails
 */
export async function runChild(program: string, args: string[], cwd: string): Promise<Usage> {
  const start = performance.now()
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  const said = text(child.stderr)
  let peak = 0
  const timer = setInterval(() => {
    // A program that has ended and was not waited for yet has a status without memory.
    const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8')
    peak = status.includes('VmHWM') ? peakMemory(status) : peak
  }, LOOK)
  const [code] = (await once(child, 'exit')) as [number | null]
  const seconds = (performance.now() - start) / 1000
  clearInterval(timer)
  if (code !== 0) throw new Error(`${program} ${args[0] ?? ''} failed:\n${await said}`)
  return { seconds, peakMemory: peak }
}
