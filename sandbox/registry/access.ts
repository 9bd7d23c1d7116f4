import { randomBytes } from 'node:crypto'
import { type Answer, type Request, json } from '../server.ts'
import type { Call } from './call.ts'
import { RegistryRefusal } from './refusal.ts'

/** The one account of the registries. */
export type Login = {
  username: string
  password: string
  /** What `docker login` gets of some registries in place of the password: a refresh token of OAuth 2. */
  identityToken: string
}

export const createLogin = (): Login => ({
  username: 'octocat',
  password: randomBytes(16).toString('hex'),
  identityToken: randomBytes(32).toString('hex')
})

/** As the header of Basic authentication and docker's configuration have it. */
export const basicPair = ({ username, password }: Omit<Login, 'identityToken'>): string =>
  Buffer.from(`${username}:${password}`).toString('base64')

type Token = { scopes: string[]; expires: number; requests: number }

const SERVICE = 'sandbox'
/** The shortest that there is: "a token should never be returned with less than 60 seconds to live". */
const LIFETIME = 60

/**
 * Who may do what in a registry: the account may do everything, and nobody else anything.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export class Access {
  readonly #login: Login
  /** Is told of every token. */
  readonly #issued: (token: string) => void
  readonly #tokens = new Map<string, Token>()

  constructor(login: Login, issued: (token: string) => void) {
    this.#login = login
    this.#issued = issued
  }

  /** @throws RegistryRefusal 401 with a challenge */
  check(call: Call): void {
    const { request, settings } = call
    if (settings.auth === 'none') return
    if (settings.auth === 'basic') {
      if (this.#isLogin(request)) return
      throw unauthorized(`Basic realm="${SERVICE}"`)
    }
    const scope = scopeOf(call)
    const error = this.#faultOf(call, scope)
    if (error === undefined) return
    const fields = {
      realm: realmOf(call),
      service: SERVICE,
      ...(scope === undefined ? {} : { scope }),
      ...(error === '' ? {} : { error })
    }
    const pairs = Object.entries(fields).map(([name, value]) => `${name}="${value}"`)
    throw unauthorized(`Bearer ${pairs.join(',')}`)
  }

  /** The token endpoint: GET with Basic authentication, or POST as OAuth 2 has it. */
  issue(request: Request): Answer {
    const { method, body, query } = request
    const form = new URLSearchParams(body.toString())
    const known = method === 'POST' ? this.#isGrant(form) : this.#isLogin(request)
    if (!known) throw unauthorized(`Basic realm="${SERVICE}"`)
    const asked = method === 'POST' ? form : query
    const scopes = asked.getAll('scope').flatMap(scope => scope.split(' '))
    const token = randomBytes(32).toString('hex')
    this.#issued(token)
    this.#tokens.set(token, { scopes, expires: performance.now() + LIFETIME * 1000, requests: 0 })
    return json(200, { token, access_token: token, expires_in: LIFETIME, scope: scopes.join(' ') })
  }

  #isLogin({ headers }: Request): boolean {
    return headers.authorization === `Basic ${basicPair(this.#login)}`
  }

  #isGrant(form: URLSearchParams): boolean {
    const { username, password, identityToken } = this.#login
    if (form.get('grant_type') === 'refresh_token') {
      return form.get('refresh_token') === identityToken
    }
    return form.get('username') === username && form.get('password') === password
  }

  /** What is wrong with the request's token: empty without one, undefined when all is well. */
  #faultOf({ request, settings, takeFault }: Call, scope: string | undefined): string | undefined {
    const text = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
    if (text === undefined) return ''
    const token = this.#tokens.get(text)
    if (token === undefined || token.expires < performance.now()) return 'invalid_token'
    token.requests += 1
    const spent = token.requests > (settings.expireAfterRequests ?? Infinity)
    if (spent || takeFault('expire-token') !== undefined) {
      this.#tokens.delete(text)
      return 'invalid_token'
    }
    return scope === undefined || grants(token.scopes, scope) ? undefined : 'insufficient_scope'
  }
}

const unauthorized = (challenge: string): RegistryRefusal =>
  new RegistryRefusal(401, 'UNAUTHORIZED', 'authentication required', {
    'www-authenticate': challenge
  })

function realmOf({ request, elsewhere, takeFault }: Call): string {
  if (takeFault('realm-elsewhere') !== undefined) return `${elsewhere}/token`
  if (takeFault('realm-insecure') !== undefined) return 'http://registry.example/token'
  return `http://${request.headers.host ?? ''}/token`
}

function scopeOf({ request, repository }: Call): string | undefined {
  if (repository === '') return undefined
  const reads = request.method === 'GET' || request.method === 'HEAD'
  return `repository:${repository}:${reads ? 'pull' : 'pull,push'}`
}

function grants(scopes: string[], needed: string): boolean {
  const [, repository, actions = ''] = needed.split(':')
  const granted = scopes.flatMap(scope => {
    const [type, name, list = ''] = scope.split(':')
    return type === 'repository' && name === repository ? list.split(',') : []
  })
  return actions.split(',').every(action => granted.includes(action) || granted.includes('*'))
}
