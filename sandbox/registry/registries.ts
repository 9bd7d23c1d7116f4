import type { Handler } from '../transport.ts'
import { basicPair, createLogin } from './access.ts'
import { Registry, type RegistrySurroundings } from './registry.ts'
import { REGISTRIES, type RegistryName, type RegistrySwitches } from './settings.ts'

/** Both registries, which have one account. */
export class Registries {
  readonly login = createLogin()
  readonly #all: Record<RegistryName, Registry>

  constructor(around: Omit<RegistrySurroundings, 'login'>) {
    const create = (name: RegistryName): Registry =>
      new Registry(name, { ...around, login: this.login })
    this.#all = { registry: create('registry'), registry2: create('registry2') }
  }

  /** The password, the pair that Basic authentication makes of it, and the identity token. */
  get secrets(): string[] {
    return [this.login.password, basicPair(this.login), this.login.identityToken]
  }

  /** Sets the switches of the one that is named, or of both; every other switch is off again. */
  set({ service, ...switches }: RegistrySwitches): void {
    for (const name of service === undefined ? REGISTRIES : [service]) this.#all[name].set(switches)
  }

  handlers(): Record<RegistryName, Handler> {
    const { registry, registry2 } = this.#all
    return { registry: registry.handler(), registry2: registry2.handler() }
  }

  /** The blob that stands where `redirect-blob` sends a client. */
  redirected(path: string): Buffer | undefined {
    return this.#all.registry.redirected(path) ?? this.#all.registry2.redirected(path)
  }

  /** docker's config.json with the account for both. */
  dockerConfig(urls: Record<RegistryName, string>): unknown {
    const auth = basicPair(this.login)
    const hosts = REGISTRIES.map(name => [new URL(urls[name]).host, { auth }] as const)
    return { auths: Object.fromEntries(hosts) }
  }
}
