import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'

import { findCredentials, type Credentials } from '../../src/registry/credentials.ts'
import { fakeLog } from '../http/loopback.ts'

const HUB = 'registry-1.docker.io'
const encode = (text: string): string => Buffer.from(text).toString('base64')
const password = (password: string): Credentials => ({ kind: 'password', username: 'u', password })

let folder: string
let env: NodeJS.ProcessEnv

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'))
  env = { PATH: [folder, process.env.PATH].join(delimiter), DOCKER_CONFIG: folder }
})

afterEach(() => {
  jest.useRealTimers()
})

async function configure(config: unknown): Promise<void> {
  const text = typeof config === 'string' ? config : JSON.stringify(config)
  await writeFile(join(folder, 'config.json'), text)
}

/** A helper that notes what it is asked, and runs a piece of shell. */
async function helper(name: string, script: string): Promise<void> {
  const path = join(folder, `docker-credential-${name}`)
  await writeFile(path, `#!/bin/sh\necho "$* $(cat)" >> "$DOCKER_CONFIG/asked"\n${script}\n`)
  await chmod(path, 0o755)
}

const find = (host = 'ghcr.io') => findCredentials(host, env, fakeLog())
const secret = (username: string, secret: string): string =>
  `echo '${JSON.stringify({ ServerURL: 'x', Username: username, Secret: secret })}'`

describe('auths', () => {
  it.each([
    ['auth', { auth: encode('u:p:w') }, password('p:w')],
    ['auth padded by docker', { auth: encode('u:p\0\0') }, password('p')],
    ['username and password', { username: 'u', password: 'p' }, password('p')],
    [
      'an identity token',
      { auth: encode('u:'), identitytoken: 't' },
      { kind: 'identity-token', token: 't' }
    ],
    ['nothing, where a helper has it', {}, undefined]
  ])('may hold %s', async (_, entry, credentials) => {
    await configure({ auths: { 'ghcr.io': entry } })
    await expect(find()).resolves.toEqual(credentials)
  })

  it.each([
    ['ghcr.io', 'ghcr.io'],
    ['ghcr.io/', 'ghcr.io'],
    ['https://ghcr.io', 'ghcr.io'],
    ['https://GHCR.io/v2/', 'ghcr.io'],
    ['http://ghcr.io/v1/', 'ghcr.io'],
    ['localhost:5000', 'localhost:5000'],
    ['https://index.docker.io/v1/', HUB],
    ['index.docker.io', HUB],
    ['docker.io', HUB],
    [HUB, HUB]
  ])('%s is for %s', async (key, host) => {
    await configure({ auths: { [key]: { auth: encode('u:p') } } })
    await expect(find(host)).resolves.toEqual(password('p'))
  })

  it.each([
    ['evilghcr.io', 'ghcr.io'],
    ['ghcr.io', 'evilghcr.io'],
    ['ghcr.io.evil.example', 'ghcr.io'],
    ['sub.ghcr.io', 'ghcr.io'],
    ['ghcr.io', 'sub.ghcr.io'],
    ['ghcr.io:443', 'ghcr.io'],
    ['ghcr.io', 'ghcr.io:443'],
    ['localhost:5000', 'localhost:5001'],
    ['ghcr.io/owner/app', 'ghcr.io'],
    ['evildocker.io', HUB],
    ['docker.io', 'evildocker.io'],
    ['docker.io', 'sub.docker.io'],
    ['ftp://ghcr.io', 'ghcr.io'],
    ['u@ghcr.io', 'ghcr.io'],
    ['__proto__', 'ghcr.io']
  ])('%s is not for %s', async (key, host) => {
    await configure({ auths: { [key]: { auth: encode('u:p') } } })
    await expect(find(host)).resolves.toBeUndefined()
  })

  it('prefers the key that docker writes', async () => {
    const auths = {
      'docker.io': { auth: encode('u:1') },
      'https://index.docker.io/v1/': { auth: encode('u:2') }
    }
    await configure({ auths })
    await expect(find(HUB)).resolves.toEqual(password('2'))
  })
})

describe('a helper', () => {
  it('is asked by standard input, for Docker Hub by its old URL', async () => {
    await helper('a', secret('u', 'p'))
    await configure({ credsStore: 'a' })
    await expect(find()).resolves.toEqual(password('p'))
    await expect(find(HUB)).resolves.toEqual(password('p'))
    const asked = await readFile(join(folder, 'asked'), 'utf8')
    expect(asked).toBe('get ghcr.io\nget https://index.docker.io/v1/\n')
  })

  it('may give an identity token', async () => {
    await helper('a', secret('<token>', 't'))
    await configure({ credsStore: 'a' })
    await expect(find()).resolves.toEqual({ kind: 'identity-token', token: 't' })
  })

  it('of the host comes before that of all, and that before auths', async () => {
    const notFound = "echo 'credentials not found in native keychain'; exit 1"
    const config = {
      auths: { 'ghcr.io': { auth: encode('u:file') } },
      credHelpers: { 'ghcr.io': 'own', 'example.com': 'missing' },
      credsStore: 'all'
    }
    await configure(config)
    await helper('own', secret('u', 'own'))
    await helper('all', secret('u', 'all'))
    await expect(find()).resolves.toEqual(password('own'))
    await helper('own', notFound)
    await expect(find()).resolves.toEqual(password('all'))
    await helper('all', notFound)
    await expect(find()).resolves.toEqual(password('file'))
    await configure({ ...config, auths: {} })
    await expect(find()).resolves.toBeUndefined()
  })

  it.each([
    ['fails', "echo 'top secret'; echo 'top secret' >&2; exit 3", 'ended with status 3'],
    ['is killed', 'kill -9 $$', 'was stopped'],
    ['says no JSON', "echo 'top secret'", 'something else than credentials'],
    ['says something else', `echo '{"Secret":"top secret"}'`, 'something else than credentials'],
    ['says no secret', secret('u', ''), 'something else than credentials'],
    ['says too much', 'yes', 'more than 65536 bytes']
  ])('that %s is named, and not quoted', async (_, script, why) => {
    await helper('a', script)
    await configure({ credHelpers: { 'ghcr.io': 'a' } })
    const error = await find().catch((error: unknown) => error as Error)
    expect(error).toMatchObject({ code: 'REGISTRY_CREDENTIALS_INVALID' })
    const { message } = error as Error
    expect(message).toContain(
      `The credential helper a, which ${folder}/config.json names for ghcr.io,`
    )
    expect(message).toContain(why)
    expect(message).not.toContain('secret')
  })

  it('that does not answer is not waited for', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] })
    await helper('a', 'touch "$DOCKER_CONFIG/running"; sleep 5')
    await configure({ credsStore: 'a' })
    const given = find()
    const refused = expect(given).rejects.toThrow('did not answer within 30 s')
    while ((await readFile(join(folder, 'running')).catch(() => undefined)) === undefined);
    jest.advanceTimersByTime(30_000)
    await refused
  })

  it('that is not installed is named', async () => {
    await configure({ credsStore: 'missing' })
    await expect(find()).rejects.toThrow('missing, which')
    await expect(find()).rejects.toThrow('is not installed')
  })

  it.each(['../a', 'a/b', 'a b', '-a', '.', 'a;b'])('of the name %s is not run', async name => {
    await mkdir(join(folder, 'docker-credential-a'))
    await configure({ credsStore: name })
    await expect(find()).rejects.toThrow('has no name of a helper')
  })
})

describe('the configuration', () => {
  it('that is not there means no credentials', async () => {
    await expect(find()).resolves.toBeUndefined()
  })

  it('is that of the home folder without DOCKER_CONFIG', async () => {
    await mkdir(join(folder, '.docker'))
    const auths = { 'ghcr.io': { auth: encode('u:home') } }
    await writeFile(join(folder, '.docker/config.json'), JSON.stringify({ auths }))
    env = { HOME: folder }
    await expect(find()).resolves.toEqual(password('home'))
    env = { HOME: folder, DOCKER_CONFIG: '' }
    await expect(find()).resolves.toEqual(password('home'))
  })

  it.each([
    ['{"auths": "top secret"', 'not a JSON object'],
    ['[]', 'not a JSON object'],
    [{ auths: [] }, 'no JSON objects'],
    [{ credHelpers: 'x' }, 'no JSON objects'],
    [{ credHelpers: { x: 1 } }, 'not a name'],
    [{ credsStore: 1 }, 'not the name of a helper'],
    [{ auths: { x: 'top secret' } }, 'not as docker login writes it'],
    [{ auths: { x: { auth: encode('top secret') } } }, 'not as docker login writes it'],
    [{ auths: { x: { auth: 1 } } }, 'not as docker login writes it']
  ])('%j is refused, and not quoted', async (config, why) => {
    await configure(config)
    const error = await find().catch((error: unknown) => error as Error)
    expect(error).toMatchObject({ code: 'REGISTRY_CREDENTIALS_INVALID' })
    expect((error as Error).message).toContain(why)
    expect(`${(error as Error).message} ${String((error as Error).cause)}`).not.toContain('secret')
  })

  it('larger than a mebibyte is not read', async () => {
    await configure('{}')
    await truncate(join(folder, 'config.json'), 1024 * 1024 + 1)
    await expect(find()).rejects.toThrow('larger than 1 MiB')
  })

  it('that is no file is refused, and not waited for', async () => {
    execFileSync('mkfifo', [join(folder, 'config.json')])
    await expect(find()).rejects.toThrow('not a regular file')
  })

  it('that cannot be read is refused', async () => {
    await mkdir(join(folder, 'config.json'))
    await expect(find()).rejects.toThrow('not a regular file')
    await rm(join(folder, 'config.json'), { recursive: true })
    await symlink('config.json', join(folder, 'config.json'))
    await expect(find()).rejects.toThrow('could not be read (ELOOP)')
  })
})
