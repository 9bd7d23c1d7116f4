import { spawn } from 'node:child_process'

import { KeylessError } from '../errors.ts'
import { fromOutside } from '../http/words.ts'
import type { Credentials } from './credentials.ts'
import { isObject } from '../json.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const TIMEOUT = 30_000
const MAX_BYTES = 64 * 1024
/** github.com/docker/docker-credential-helpers, credentials/error.go */
const NOT_FOUND = 'credentials not found in native keychain'
/** The username of what is an identity token (docker/cli, config/credentials/native_store.go). */
const TOKEN_USERNAME = '<token>'

/**
 * Asks the program `docker-credential-<name>`, without a shell, for the credentials of a server. What it
 * writes gets into no message.
 *
 * @param source.server the server as docker asks for it
 * @param source.path the file that names the helper, for messages
 * @returns undefined where it has none
 * @throws KeylessError REGISTRY_CREDENTIALS_INVALID
 */
export async function askHelper(
  name: string,
  source: { host: string; server: string; path: string },
  env: NodeJS.ProcessEnv
): Promise<Credentials | undefined> {
  const fail = (why: string): KeylessError =>
    new KeylessError(
      'REGISTRY_CREDENTIALS_INVALID',
      `The credential helper ${fromOutside(name, 64)}, which ${source.path} names for ${source.host}, ${why}. ` +
        'Mend it, or log in with docker/login-action.'
    )
  if (!NAME.test(name)) throw fail('has no name of a helper')

  const answer = await run(`docker-credential-${name}`, source.server, env)
  if (typeof answer === 'string') throw fail(answer)
  if (answer.status !== 0) {
    if (answer.output.trim() === NOT_FOUND) return undefined
    throw fail(`ended with status ${answer.status}`)
  }
  const credentials = parse(answer.output)
  if (credentials === undefined) throw fail('answered with something else than credentials')
  return credentials
}

/** The status and output of the program, or why there is none. */
function run(
  program: string,
  input: string,
  env: NodeJS.ProcessEnv
): Promise<{ status: number; output: string } | string> {
  return new Promise(resolve => {
    const child = spawn(program, ['get'], {
      env,
      shell: false,
      stdio: ['pipe', 'pipe', 'ignore']
    })
    const end = (answer: { status: number; output: string } | string): void => {
      clearTimeout(timer)
      resolve(answer)
      // also where a program that it started holds on to its output
      child.kill('SIGKILL')
      child.stdout.destroy()
    }
    const timer = setTimeout(() => {
      end(`did not answer within ${TIMEOUT / 1000} s`)
    }, TIMEOUT)
    const chunks: Buffer[] = []
    let length = 0
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= MAX_BYTES) chunks.push(chunk)
      else end(`wrote more than ${MAX_BYTES} bytes`)
    })
    child.on('error', error => {
      const { code = 'unknown error' } = error as NodeJS.ErrnoException
      end(code === 'ENOENT' ? 'is not installed' : `could not be started (${code})`)
    })
    child.on('close', status => {
      end(
        status === null ? 'was stopped' : { status, output: Buffer.concat(chunks).toString('utf8') }
      )
    })
    // a helper that ends before it has read what is asked says why by its status
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

function parse(output: string): Credentials | undefined {
  try {
    const json: unknown = JSON.parse(output)
    if (!isObject(json)) return undefined
    const { Username: username, Secret: secret } = json
    if (typeof username !== 'string' || typeof secret !== 'string' || secret === '')
      return undefined
    return username === TOKEN_USERNAME
      ? { kind: 'identity-token', token: secret }
      : { kind: 'password', username, password: secret }
  } catch {
    return undefined
  }
}
