import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CREDENTIALS, HTPASSWD } from './credentials.ts'
import type { Place } from './place.ts'
import { TOKENS_CERTIFICATE, TOKEN_HOST, TOKEN_SERVICE } from './token-server.ts'

/** The folder for `DOCKER_CONFIG` of a client that is logged in. */
export const LOGGED_IN = 'docker'

/** Configures Docker's registry for each way to ask for credentials, and its clients. */
export function configureRegistries({ file, port }: Place): void {
  writeFileSync(file('htpasswd'), HTPASSWD)
  const realm = `http://${TOKEN_HOST}:${port('tokens')}/token`
  const ways = {
    'registry-basic': { htpasswd: { realm: 'registry.example', path: file('htpasswd') } },
    'registry-bearer': {
      token: { realm, ...TOKEN_SERVICE, rootcertbundle: file(TOKENS_CERTIFICATE) }
    }
  }
  for (const name of ['registry-basic', 'registry-bearer'] as const) {
    const config = {
      version: '0.1',
      storage: { filesystem: { rootdirectory: file(name) } },
      http: { addr: `127.0.0.1:${port(name)}` },
      auth: ways[name]
    }
    // It reads YAML, of which JSON is a part.
    writeFileSync(file(`${name}.json`), JSON.stringify(config))
  }
  const auths = {
    [`127.0.0.1:${port('registry-basic')}`]: { auth: CREDENTIALS },
    [`${TOKEN_HOST}:${port('registry-bearer')}`]: { auth: CREDENTIALS }
  }
  mkdirSync(file(LOGGED_IN))
  writeFileSync(join(file(LOGGED_IN), 'config.json'), JSON.stringify({ auths }))
}
