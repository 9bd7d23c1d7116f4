import { writeFileSync } from 'node:fs'
import { HTPASSWD } from './credentials.ts'
import type { Place } from './place.ts'
import { TOKENS_CERTIFICATE, TOKEN_SERVICE } from './token-server.ts'

/** The configurations of Docker's registry: one for each way to ask for credentials. */
export function configureRegistries({ file, port }: Place): void {
  // By name: go-containerregistry sends no credentials to a realm that is an address of this machine.
  const realm = `http://localhost:${port('tokens')}/token`
  const ways = {
    'registry-basic': { htpasswd: { realm: 'registry.example', path: file(HTPASSWD) } },
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
}
