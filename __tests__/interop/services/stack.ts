import { mkdtempSync } from 'node:fs'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configureRegistries } from './docker-registry.ts'
import { configureFulcio, fulcioChain } from './fulcio.ts'
import { openGateway } from './gateway.ts'
import { programPath } from './install.ts'
import { CTLOG_PASSWORD, createKeys } from './keys.ts'
import { REGISTRIES } from './layout.ts'
import { type Place, createPlace, untilFree } from './place.ts'
import { createDatabase, createPostgres } from './postgres.ts'
import { COMMANDS, type ServiceName } from './programs.ts'
import { run } from './run.ts'
import { Service, answers } from './service.ts'
import { openTokenServer } from './token-server.ts'
import { writeTrust } from './trust.ts'

/** All services of one Sigstore, in this process's care. */
export class Stack {
  readonly #services = new Map<string, Service>()
  readonly #ending = new AbortController()
  #dir: string | undefined
  #place: Place | undefined
  /** Of what serves in this process itself. */
  readonly #close: (() => void)[] = []

  /**
   * Starts every service and answers where they are.
   * @param oidc the URL of the issuer
   */
  async start(oidc: string): Promise<Place> {
    const { signal } = this.#ending
    // At once: who stops in the middle of the start removes the folder.
    const dir = mkdtempSync(join(tmpdir(), 'keyless-services-'))
    this.#dir = dir
    const place = await createPlace(dir)
    this.#place = place
    // PostgreSQL's user has a folder in here.
    await chmod(dir, 0o711)
    await mkdir(place.file('logs'))
    await mkdir(place.file('rekor-v2'))
    createKeys(place)
    await configureFulcio(place)
    this.#close.push(await openGateway(place, oidc))
    this.#close.push(await openTokenServer(place))
    configureRegistries(place)

    const independent = ['rekor-v2', 'tsa', ...REGISTRIES] as const
    await this.#all([
      ...independent.map(async name => {
        await this.startService(name)
      }),
      this.startService('fulcio'),
      this.#startTrillian(place, signal)
    ])
    await writeFile(place.file('fulcio.pem'), await fulcioChain(place))
    await writeFile(place.file('ctlog.cfg'), ctlogConfig(place))
    await this.#all([this.startService('ctlog'), this.startService('rekor-v1')])
    await writeTrust(place, signal)
    return place
  }

  async startService(name: ServiceName): Promise<void> {
    if (this.#place === undefined) throw new Error('the services were never started')
    const place = this.#place
    const { args, env, insists, ready } = COMMANDS[name]
    if (insists !== undefined) await untilFree(insists, this.#ending.signal)
    await this.#service(name).start(
      {
        program: programPath(name),
        args: args(place),
        env: env?.(place) ?? {},
        isReady: async () => await answers(ready(place))
      },
      this.#ending.signal
    )
  }

  async stopService(name: ServiceName): Promise<void> {
    await this.#service(name).stop()
  }

  /** Ends all that runs, also in the middle of the start, and removes their files. */
  async stop(): Promise<void> {
    this.#ending.abort(new Error('the services were stopped'))
    for (const close of this.#close) close()
    const { postgresql, ...others } = Object.fromEntries(this.#services)
    await Promise.all(
      Object.values(others).map(async service => {
        await service.stop()
      })
    )
    // Killed, it would leave shared memory behind; this is its fast shutdown.
    await postgresql?.stop('SIGINT')
    if (this.#dir === undefined) return
    // Tried again while a program that prepares a database is about to end.
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 10 })
  }

  async #startTrillian(place: Place, signal: AbortSignal): Promise<void> {
    await this.#service('postgresql').start(await createPostgres(place, signal), signal)
    await createDatabase(place, signal)
    await this.#all([this.startService('trillian-server'), this.startService('trillian-signer')])
    const server = `--admin_server=127.0.0.1:${place.port('trillian')}`
    for (const log of ['rekor-v1', 'ctlog'] as const) {
      place.trees[log] = (await run(programPath('createtree'), [server], signal)).trim()
    }
  }

  #service(name: string): Service {
    const known = this.#services.get(name)
    if (known) return known
    const service = new Service(name, join(this.#dir ?? '', 'logs', `${name}.log`))
    this.#services.set(name, service)
    return service
  }

  /** Waits for all, also after one has failed: none may be started behind the back of `stop`. */
  async #all(tasks: Promise<void>[]): Promise<void> {
    const failed = (await Promise.allSettled(tasks)).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }
}

function ctlogConfig({ file, trees }: Place): string {
  const key = `path: "${file('ctlog.key')}" password: "${CTLOG_PASSWORD}"`
  return `config {
  log_id: ${trees.ctlog}
  prefix: "test"
  roots_pem_file: "${file('fulcio.pem')}"
  ext_key_usages: "CodeSigning"
  private_key: { [type.googleapis.com/keyspb.PEMKeyFile] { ${key} } }
}
`
}
