import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { createCodeSigningAuthority, createTimestampAuthority } from './authority.ts'
import { type Claims, DEFAULT_CLAIMS, runnerEnvironment } from './claims.ts'
import { createCtLog } from './ct-log.ts'
import { Faults, SERVICES, type ServiceName } from './faults.ts'
import { fulcioHandler } from './fulcio.ts'
import { type Layout, layoutOf, writeFiles } from './layout.ts'
import { oidcHandler } from './oidc.ts'
import { Results } from './results.ts'
import { Rekor } from './rekor.ts'
import { Rekor2 } from './rekor2.ts'
import { Registries } from './registry/registries.ts'
import { type Listener, type Request, type RequestRecord, listen, send } from './server.ts'
import { TokenIssuer } from './token.ts'
import { type Handler, withFaults } from './transport.ts'
import { clientTrustConfig, signingConfig, trustedRoot } from './trust.ts'
import { tsaHandler } from './tsa.ts'
import { TufRepository } from './tuf.ts'

/** The claims of tokens, and what is changed of them: undefined or null takes a claim away. */
export type ClaimChanges = Record<string, string | null | undefined>

/** A Sigstore that runs in this process. */
export class RunningSandbox {
  readonly faults = new Faults()
  readonly requests: RequestRecord[] = []
  readonly results = new Results(this.faults)
  readonly registries = new Registries({
    faults: this.faults,
    issued: token => this.secrets.push(token),
    elsewhere: () => this.#elsewhere
  })
  /** Every token issued, the one that asks for them, those of the jobs, and the registries' account. */
  readonly secrets: string[] = [randomBytes(32).toString('hex'), ...this.registries.secrets]
  /** Milliseconds before every answer. */
  latency = 0
  #claims: Claims = DEFAULT_CLAIMS
  #listeners: Listener[] = []
  #dir = ''
  #elsewhere = ''

  async start(changes: ClaimChanges): Promise<Layout> {
    this.setClaims(changes)
    const issuer = new TokenIssuer()
    const authority = createCodeSigningAuthority()
    const ctLog = createCtLog()
    const timestampAuthority = createTimestampAuthority()
    const rekor = new Rekor(this.faults)
    const rekor2 = new Rekor2(this.faults)
    const repository = new TufRepository(this.faults)
    const oidc = oidcHandler({
      issuer,
      requestToken: this.secrets[0] ?? '',
      claims: () => this.#claims,
      faults: this.faults,
      issued: token => this.secrets.push(token)
    })
    const runtime = this.startJob()
    const urls = await this.#listen({
      oidc,
      fulcio: fulcioHandler({ authority, ctLog, issuer, faults: this.faults }),
      rekor: rekor.handler(),
      rekor2: rekor2.handler(),
      tsa: tsaHandler(timestampAuthority, this.faults),
      tuf: repository.handler(),
      results: this.results.handler(() => urls.blob),
      blob: this.results.blobs.handler(),
      ...this.registries.handlers()
    })
    const root = trustedRoot(urls, {
      fulcio: authority,
      tsa: timestampAuthority,
      rekor: rekor.publicKey,
      rekor2,
      ctLog: ctLog.publicKey
    })
    const config = signingConfig(urls, { withRekor2: false })
    const configV2 = signingConfig(urls, { withRekor2: true })
    const files = {
      'trusted_root.json': JSON.stringify(root, null, 2),
      'signing_config.v0.2.json': JSON.stringify(config, null, 2),
      'signing_config_rekor_v2.v0.2.json': JSON.stringify(configV2, null, 2)
    }
    repository.publish(files)
    this.#dir = await writeFiles({
      ...files,
      'client_trust_config.json': JSON.stringify(clientTrustConfig(root, config), null, 2),
      'root.json': repository.root(),
      'docker/config.json': JSON.stringify(this.registries.dockerConfig(urls), null, 2)
    })
    const env = {
      // getIDToken appends `&audience=…`: there must be a query already.
      ACTIONS_ID_TOKEN_REQUEST_URL: `${urls.oidc}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: this.secrets[0] ?? '',
      ACTIONS_RESULTS_URL: `${urls.results}/`,
      ...runtime,
      ...runnerEnvironment(this.#claims)
    }
    return layoutOf(this.#dir, { env, registryLogin: this.registries.login, urls })
  }

  /** Changes the claims of the tokens to come. */
  setClaims(changes: ClaimChanges): void {
    const claims = Object.entries({ ...this.#claims, ...changes })
    this.#claims = Object.fromEntries(
      claims.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []))
    )
  }

  /** What the runner of one more job of this run has of its own. */
  startJob(): Record<string, string> {
    const token = this.results.startJob()
    this.secrets.push(token)
    return { ACTIONS_RUNTIME_TOKEN: token }
  }

  async stop(): Promise<void> {
    for (const listener of this.#listeners) listener.close()
    if (this.#dir !== '') await rm(this.#dir, { recursive: true, force: true })
  }

  async #listen(handlers: Record<ServiceName, Handler>): Promise<Layout['urls']> {
    const elsewhere = await listen('elsewhere', this.#seen, exchange => {
      const body = this.registries.redirected(exchange.request.path) ?? '{}'
      send(exchange, { status: 200, body })
      return Promise.resolve()
    })
    this.#listeners.push(elsewhere)
    this.#elsewhere = elsewhere.url
    const around = {
      faults: this.faults,
      elsewhere: () => elsewhere.url,
      latency: () => this.latency,
      secretOf: (request: Request) => this.#secretIn(request) ?? this.secrets.at(-1) ?? ''
    }
    const pairs = SERVICES.map(async service => {
      const handle = withFaults(service, handlers[service], around)
      const listener = await listen(service, this.#seen, handle)
      this.#listeners.push(listener)
      return [service, listener.url] as const
    })
    return Object.fromEntries(await Promise.all(pairs)) as Layout['urls']
  }

  readonly #seen = (record: RequestRecord, request: Request): void => {
    record.secret = this.#secretIn(request) !== undefined
    this.requests.push(record)
  }

  #secretIn({ headers, path, query, body }: Request): string | undefined {
    const text = [JSON.stringify(headers), path, query.toString(), body.toString('latin1')].join(
      '\n'
    )
    return this.secrets.find(secret => text.includes(secret))
  }
}
