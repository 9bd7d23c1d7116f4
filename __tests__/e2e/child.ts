import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { StepOutput } from './commands.ts'

export type NodeRun = { exitCode: number; output: StepOutput; raw: string; durationMs: number }

/**
 * Run Node of this process, and kill it and its children at the deadline (milliseconds), which is an error, or
 * when somebody else wants that, which is none.
 */
export async function runNode(
  args: string[],
  env: Record<string, string>,
  cwd: string,
  { deadline, kill }: { deadline: number; kill?: AbortSignal | undefined }
): Promise<NodeRun> {
  const output = new StepOutput()
  const raw: string[] = []
  const failures: Error[] = []
  const start = performance.now()
  // A group of its own, so that what it starts dies with it.
  const child = spawn(process.execPath, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true
  })
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input, crlfDelay: Infinity }).on('line', line => {
      raw.push(`${line}\n`)
      try {
        output.read(line)
      } catch (error) {
        failures.push(error instanceof Error ? error : new Error(String(error)))
      }
    })
  }
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
  }
  kill?.addEventListener('abort', end)
  const timer = setTimeout(() => {
    failures.unshift(
      new Error(`the action ran longer than ${deadline} ms; its log:\n${output.log}`)
    )
    end()
  }, deadline)
  const exitCode = await new Promise<number>((settle, reject) => {
    child.on('error', reject)
    child.on('close', code => {
      settle(code ?? 1)
    })
  })
  clearTimeout(timer)
  kill?.removeEventListener('abort', end)
  if (failures[0] !== undefined) throw failures[0]
  return { exitCode, output, raw: raw.join(''), durationMs: performance.now() - start }
}
