import http from 'node:http'
import { KeylessError } from '../src/errors.ts'

/** Runs what a command line asks for. A suite looks at the exit status only; a person reads the code. */
export async function runProgram(main: () => Promise<void>): Promise<void> {
  // Node ignores the proxies of the environment until it is told to heed them.
  http.setGlobalProxyFromEnv()
  try {
    await main()
  } catch (error) {
    const [code, message] =
      error instanceof KeylessError ? [error.code, error.message] : ['UNEXPECTED', String(error)]
    console.error(`${code}: ${message}`)
    process.exitCode = 1
  }
}
