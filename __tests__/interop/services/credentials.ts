import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Place } from './place.ts'

const NAME = 'octocat'
export const PASSWORD = 'three-otters-in-a-barrel'
/** bcrypt of that password: the registry takes no other hash, and Node has none of it. */
const HASH = '$2b$04$lGdAJiEnriGLdQmR4ZHv/u0nB3muVb/durcT4PM6wrMWQ4FDJxNuK'

/** Who may do everything in the registries that ask: as `Authorization: Basic` has it. */
export const CREDENTIALS = Buffer.from(`${NAME}:${PASSWORD}`).toString('base64')
/** The folder for `DOCKER_CONFIG` of a client that is logged in. */
export const LOGGED_IN = 'docker'
export const HTPASSWD = 'htpasswd'

/** What the registry and its clients read of that. */
export function writeCredentials({ file, port }: Place): void {
  writeFileSync(file(HTPASSWD), `${NAME}:${HASH}\n`)
  const auths = Object.fromEntries(
    (['registry-basic', 'registry-bearer'] as const).map(name => [
      `127.0.0.1:${port(name)}`,
      { auth: CREDENTIALS }
    ])
  )
  mkdirSync(file(LOGGED_IN))
  writeFileSync(join(file(LOGGED_IN), 'config.json'), JSON.stringify({ auths }))
}
