import { execFileSync } from 'node:child_process'
import { chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { keptFile, programPath } from './install.ts'
import type { Place } from './place.ts'
import { run } from './run.ts'
import type { Start } from './service.ts'

/** Makes an empty PostgreSQL, and says how to start it. Nothing in it outlives a power cut, or has to. */
export async function createPostgres(place: Place, signal: AbortSignal): Promise<Start> {
  const bin = programPath('postgresql')
  const data = place.file('postgresql')
  const port = String(place.port('postgresql'))
  mkdirSync(data, { mode: 0o700 })
  const user = unprivileged()
  if (user !== undefined) chownSync(data, user.uid, user.gid)
  const options = ['--no-sync', '--auth=trust', '--username=postgres', '--no-locale']
  await run(join(bin, 'initdb'), [...options, '--encoding=UTF8', `--pgdata=${data}`], signal, user)
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off']
  return {
    program: join(bin, 'postgres'),
    args: ['-D', data, '-p', port, ...settings.flatMap(setting => ['-c', setting])],
    ...(user && { user }),
    isReady: async () => {
      await run(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', port], signal)
      return true
    }
  }
}

/** The database of Trillian, with its tables. */
export async function createDatabase(place: Place, signal: AbortSignal): Promise<void> {
  const psql = join(programPath('postgresql'), 'psql')
  const server = `postgresql://postgres@127.0.0.1:${place.port('postgresql')}`
  await run(psql, [`${server}/postgres`, '-c', 'CREATE DATABASE trillian'], signal)
  const schema = keptFile('trillian-server', 'storage.sql')
  await run(psql, [`${server}/trillian`, '-v', 'ON_ERROR_STOP=1', '-f', schema], signal)
}

/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (what: string): number => Number(execFileSync('id', [what, 'postgres']).toString())
  return { uid: id('-u'), gid: id('-g') }
}
