import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { IDENTITY, ISSUER, type Job } from '../job.ts'
import { type Shape, signatureOf } from '../model-shapes.ts'
import { PROGRAMS } from '../services/programs.ts'
import type { Log } from '../services/trust.ts'

/** What model_signing is asked to believe. */
export type ModelQuestion = {
  shape: Shape
  /** Path of a model that has a signature where our action looks for one. */
  path: string
  log: Log
  identity?: string
  issuer?: string
  /** Left out of the trusted root. */
  without?: string[]
}

export const modelSigning = {
  ...{ program: 'model_signing', version: PROGRAMS['model-signing'].version },

  sign: async (job: Job, shape: Shape, path: string, log: Log): Promise<void> => {
    const issuer = await openIssuer()
    try {
      const config = await withIssuer(job, log, issuer.url)
      await job.run(
        'model-signing',
        ...['sign', 'sigstore', '--trust_config', config, '--identity_token', await job.token()],
        ...['--signature', signatureOf(shape, path), ...ignoring(shape, path), ...linking(shape)],
        path
      )
    } finally {
      issuer.close()
    }
  },

  /** @throws Error with what it says, when it does not believe the signature */
  verify: async (
    job: Job,
    { shape, path, log, identity = IDENTITY, issuer = ISSUER, without = [] }: ModelQuestion,
    options = linking(shape)
  ): Promise<void> => {
    await job.run(
      'model-signing',
      ...['verify', 'sigstore', '--trust_config', await job.clientConfigWithout(log, ...without)],
      ...['--signature', signatureOf(shape, path), ...options],
      ...['--identity', identity, '--identity_provider', issuer, path]
    )
  },

  refusals: {
    changed: 'Hash mismatch for',
    added: 'Extra files found',
    removed: 'Missing files in',
    links: 'because it is a symlink',
    identity: "Certificate's SANs do not match",
    issuer: "Certificate's OIDCIssuer does not match",
    log: 'invalid log entry'
  }
}

/** As the command line has it. */
export const ignoring = ({ ignored = [] }: Shape, path: string): string[] =>
  ignored.flatMap(name => ['--ignore-paths', join(path, name)])
const linking = ({ links }: Shape): string[] => (links === undefined ? [] : ['--allow_symlinks'])

/** A client trust config whose issuer is the one given. */
async function withIssuer(job: Job, log: Log, url: string): Promise<string> {
  const path = await job.clientConfigWithout(log)
  const config = JSON.parse(await readFile(path, 'utf8')) as {
    signingConfig: { oidcUrls: { url: string }[] }
  }
  for (const service of config.signingConfig.oidcUrls) service.url = url
  await writeFile(path, JSON.stringify(config))
  return path
}

/** Also with a token at hand, it asks the issuer where to log in; GitHub's has no word for that. */
async function openIssuer(): Promise<{ url: string; close: () => void }> {
  const server = createServer((_, response) => {
    const login = {
      authorization_endpoint: 'http://127.0.0.1/',
      token_endpoint: 'http://127.0.0.1/'
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(login))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}
