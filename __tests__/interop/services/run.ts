import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Runs a program to its end and answers what it printed. @throws Error with what it said, when it fails */
export async function run(
  program: string,
  args: string[],
  signal?: AbortSignal,
  user?: { uid: number; gid: number }
): Promise<string> {
  // Not the caller's folder: another user may not be allowed in there.
  const { stdout } = await execute(program, args, { cwd: '/', ...(signal && { signal }), ...user })
  return stdout
}
