import { AsyncLocalStorage } from 'node:async_hooks'

const listeners = new AsyncLocalStorage<(line: string) => void>()
let listening = false

/**
 * Run a function of a library that prints whatever it does, and hear that in place of printing it: of
 * `@actions/artifact` progress, retries, whole answers of services and warnings with its own advice. Masks
 * alone get through to the runner, which needs them; other commands are dropped. What the function leaves running is
 * still heard, and what others print meanwhile is not.
 */
export async function overhear<T>(
  talk: () => Promise<T>,
  listen: (line: string) => void
): Promise<T> {
  if (!listening) intercept()
  listening = true
  return await listeners.run(listen, talk)
}

function intercept(): void {
  const { stdout } = process
  const print = stdout.write.bind(stdout) as (...args: unknown[]) => boolean
  stdout.write = (...args: unknown[]): boolean => {
    const listen = listeners.getStore()
    const text = String(args[0])
    if (listen === undefined || text.startsWith('::add-mask::')) return print(...args)
    // Who listens may well print.
    if (!text.startsWith('::')) listeners.exit(listen, text.trimEnd())
    return true
  }
}
