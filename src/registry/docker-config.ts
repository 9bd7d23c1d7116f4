import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { KeylessError } from '../errors.ts'
import { isObject } from '../json.ts'
import type { Credentials } from './credentials.ts'

/** What docker's configuration says of credentials. The keys name servers, in several spellings. */
export type DockerConfig = {
  path: string
  credHelpers: ReadonlyMap<string, string>
  credsStore: string | undefined
  auths: ReadonlyMap<string, Credentials>
}

const MAX_BYTES = 1024 * 1024

/**
 * Reads `config.json` in `DOCKER_CONFIG`, or else in `~/.docker`. The content of the file gets into no
 * message.
 *
 * @returns undefined where there is no such file
 * @throws KeylessError REGISTRY_CREDENTIALS_INVALID
 */
export async function readDockerConfig(env: NodeJS.ProcessEnv): Promise<DockerConfig | undefined> {
  const { DOCKER_CONFIG: folder = '', HOME: home = '' } = env
  const path = join(
    folder !== '' ? folder : join(home !== '' ? home : homedir(), '.docker'),
    'config.json'
  )
  const text = await read(path)
  if (text === undefined) return undefined

  const config = parse(text)
  if (!isObject(config)) throw unusable(path, 'it is not a JSON object')
  const { credHelpers = {}, credsStore, auths = {} } = config
  if (!isObject(credHelpers) || !isObject(auths)) {
    throw unusable(path, 'its auths or credHelpers are no JSON objects')
  }
  if (credsStore !== undefined && typeof credsStore !== 'string') {
    throw unusable(path, 'its credsStore is not the name of a helper')
  }

  const helpers = new Map<string, string>()
  for (const [key, value] of Object.entries(credHelpers)) {
    if (typeof value !== 'string') throw unusable(path, 'one of its credHelpers is not a name')
    helpers.set(key, value)
  }
  const credentials = new Map<string, Credentials>()
  for (const [key, value] of Object.entries(auths)) {
    const entry = parseEntry(value)
    if (entry === 'invalid')
      throw unusable(path, 'one of its auths is not as docker login writes it')
    if (entry !== undefined) credentials.set(key, entry)
  }
  return { path, credHelpers: helpers, credsStore, auths: credentials }
}

async function read(path: string): Promise<string | undefined> {
  try {
    // O_NONBLOCK: opening a named pipe must not wait for its other end.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = await file.stat()
      if (!stats.isFile()) throw unusable(path, 'it is not a regular file')
      if (stats.size > MAX_BYTES) throw unusable(path, 'it is larger than 1 MiB')
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof KeylessError) throw error
    const { code = 'unknown error' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw unusable(path, `it could not be read (${code})`)
  }
}

// no cause: a parser's message repeats what it could not read
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Nothing for an entry without credentials, which docker leaves where a helper has them. */
function parseEntry(value: unknown): Credentials | 'invalid' | undefined {
  if (!isObject(value)) return 'invalid'
  const { auth = '', identitytoken = '', username = '', password = '' } = value
  if (
    typeof auth !== 'string' ||
    typeof identitytoken !== 'string' ||
    typeof username !== 'string' ||
    typeof password !== 'string'
  ) {
    return 'invalid'
  }
  if (identitytoken !== '') return { kind: 'identity-token', token: identitytoken }
  if (auth === '') {
    return username === '' ? undefined : { kind: 'password', username, password }
  }
  const pair = Buffer.from(auth, 'base64').toString('utf8')
  const colon = pair.indexOf(':')
  if (colon < 1) return 'invalid'
  // docker pads passwords with zero bytes (cli/config/configfile: decodeAuth)
  let end = pair.length
  while (pair[end - 1] === '\0') end--
  return { kind: 'password', username: pair.slice(0, colon), password: pair.slice(colon + 1, end) }
}

function unusable(path: string, why: string): KeylessError {
  return new KeylessError(
    'REGISTRY_CREDENTIALS_INVALID',
    `The configuration of docker in ${path} cannot be used: ${why}. Mend it, or log in again with docker/login-action.`
  )
}
