import type { Faults } from '../faults.ts'
import { type Answer, type Request, json } from '../server.ts'
import type { Handler } from '../transport.ts'
import { Access, type Login } from './access.ts'
import { answerBlob } from './blobs.ts'
import type { Call } from './call.ts'
import { answerManifest } from './manifests.ts'
import { answerReferrers } from './referrers.ts'
import { RegistryRefusal } from './refusal.ts'
import { type RegistryName, type RegistrySettings, defaultSettings } from './settings.ts'
import { RegistryStore } from './store.ts'
import { Uploads } from './uploads.ts'

/** What a registry needs of the sandbox around it. */
export type RegistrySurroundings = {
  faults: Faults
  login: Login
  /** Is told of every token. */
  issued: (token: string) => void
  /** The URL of the listener that notes whether a secret came along. */
  elsewhere: () => string
}

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const ROUTE = /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs|referrers|tags)\/([^/]*)$/

/** Clients may escape the colon of a digest. Empty, which is no route, when it cannot be decoded. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return ''
  }
}

/**
 * An OCI registry, empty at first: `registry` has the referrers API, `registry2` has not, as GHCR.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 */
export class Registry {
  readonly store = new RegistryStore()
  readonly #name: RegistryName
  readonly #around: RegistrySurroundings
  readonly #access: Access
  readonly #uploads = new Uploads()
  #settings: RegistrySettings

  constructor(name: RegistryName, around: RegistrySurroundings) {
    this.#name = name
    this.#around = around
    this.#access = new Access(around.login, around.issued)
    this.#settings = defaultSettings(name)
  }

  /** Every switch that is not named is off again. */
  set(switches: Partial<RegistrySettings>): void {
    this.#settings = { ...defaultSettings(this.#name), ...switches }
  }

  handler(): Handler {
    return request => {
      const { headers, ...answer } = this.#refuseOrAnswer(request)
      const api = { 'docker-distribution-api-version': 'registry/2.0' }
      return { ...answer, headers: { ...api, ...headers } }
    }
  }

  /** What stands where `redirect-blob` sends a client: the blob. */
  redirected(path: string): Buffer | undefined {
    const [, repository = '', , digest = ''] = ROUTE.exec(decoded(path)) ?? []
    return this.store.getBlob(repository, digest)
  }

  #refuseOrAnswer(request: Request): Answer {
    try {
      return this.#answer(request)
    } catch (error) {
      if (!(error instanceof RegistryRefusal)) throw error
      return error.answer
    }
  }

  #answer(request: Request): Answer {
    const path = decoded(request.path)
    if (path === '/token') return this.#access.issue(request)
    const [, repository = '', kind = '', reference = ''] = ROUTE.exec(path) ?? []
    const call: Call = {
      request,
      repository,
      reference,
      store: this.store,
      settings: this.#settings,
      // Under another name: ports of one loopback address may belong to one registry.
      elsewhere: this.#around.elsewhere().replace('127.0.0.1', 'localhost'),
      takeFault: fault => this.#around.faults.takeFor(request, this.#name, fault)
    }
    this.#access.check(call)
    if (path === '/v2/' || path === '/v2') return json(200, {})
    if (!NAME.test(repository)) {
      throw new RegistryRefusal(404, 'NAME_INVALID', 'invalid repository name')
    }
    return this.#route(kind, call)
  }

  #route(kind: string, call: Call): Answer {
    const { request, repository, reference } = call
    const reads = request.method === 'GET' || request.method === 'HEAD'
    if (reads && !this.store.has(repository) && kind !== 'blobs/uploads') {
      throw new RegistryRefusal(404, 'NAME_UNKNOWN', `repository name not known: ${repository}`)
    }
    if (!reads && this.#settings.readOnly) {
      // GHCR's words for a token without `packages: write`.
      throw new RegistryRefusal(403, 'DENIED', 'permission_denied: write_package')
    }
    const referrers = this.#name === 'registry'
    switch (kind) {
      case 'blobs/uploads':
        return this.#uploads.answer(call)
      case 'manifests':
        if (reads || request.method === 'PUT') return answerManifest(call, { subjects: referrers })
        break
      case 'blobs':
        if (reads) return answerBlob(call)
        break
      case 'referrers':
        if (!referrers) throw new RegistryRefusal(404, 'MANIFEST_UNKNOWN', 'manifest unknown')
        if (reads) return answerReferrers(call)
        break
      case 'tags':
        if (reads && reference === 'list') {
          return json(200, { name: repository, tags: this.store.tags(repository) })
        }
    }
    throw new RegistryRefusal(405, 'UNSUPPORTED', 'the operation is unsupported')
  }
}
