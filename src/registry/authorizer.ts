import type { Http, HttpResponse } from '../http.ts'
import { parseChallenges, type Challenge } from './challenge.ts'
import type { Credentials } from './credentials.ts'
import { unauthorized, unreadable, type Access } from './failures.ts'
import type { Repository } from './reference.ts'
import { basic, requestToken } from './token.ts'

/** The value of an Authorization header that is on its way, or here. One object a value. */
export type Authorization = { header: Promise<string> }

/** Who knows what to send along to a repository. Nobody is shown credentials who has not asked for them. */
export type Authorizer = {
  /** What to send from the start: nothing to a repository that has not asked for anything yet. */
  current(repository: Repository, access: Access): Authorization | undefined
  /** What to send now that a 401 came to what was sent; of many who ask at once, the first gets it for all. */
  renew(
    repository: Repository,
    access: Access,
    answer: HttpResponse,
    sent: Authorization | undefined
  ): Authorization
  /** Whether there are credentials for a host, for messages. */
  hasCredentials(host: string): Promise<boolean>
}

/** @param find looks up the credentials for a host; asked once a host */
export function createAuthorizer(
  http: Http,
  find: (host: string) => Promise<Credentials | undefined>
): Authorizer {
  const found = new Map<string, Promise<Credentials | undefined>>()
  const challenges = new Map<string, Challenge>()
  const authorizations = new Map<string, Authorization>()

  const credentialsOf = (host: string): Promise<Credentials | undefined> => {
    const credentials = found.get(host) ?? find(host)
    found.set(host, credentials)
    return credentials
  }

  const authorize = (
    repository: Repository,
    access: Access,
    challenge: Challenge,
    answer?: HttpResponse
  ): Authorization => {
    const obtain = async (): Promise<string> => {
      const credentials = await credentialsOf(repository.host)
      if (challenge.scheme === 'bearer') {
        return await requestToken(http, repository, access, challenge, credentials)
      }
      if (credentials?.kind === 'password') return basic(credentials)
      throw unauthorized(repository, credentials !== undefined, answer)
    }
    const authorization = { header: obtain() }
    // whoever sends it hears of its failure; that nobody may is no reason to end the process
    authorization.header.catch(() => undefined)
    authorizations.set(`${access} ${repository.name}`, authorization)
    return authorization
  }

  return {
    current(repository, access) {
      const known = authorizations.get(`${access} ${repository.name}`)
      if (known !== undefined) return known
      const challenge = challenges.get(repository.name)
      return challenge && authorize(repository, access, challenge)
    },

    renew(repository, access, answer, sent) {
      const known = authorizations.get(`${access} ${repository.name}`)
      if (known !== undefined && known !== sent) return known
      // the first challenge stays: some registries name another service once a token has expired
      const challenge = challenges.get(repository.name) ?? choose(repository, answer)
      challenges.set(repository.name, challenge)
      // a password does not get better by being sent again, and too many tries lock accounts
      if (challenge.scheme === 'basic' && sent !== undefined) {
        throw unauthorized(repository, true, answer)
      }
      return authorize(repository, access, challenge, answer)
    },

    hasCredentials: async host => (await credentialsOf(host)) !== undefined
  }
}

/** Of what a registry offers, a token before the password itself. */
function choose(repository: Repository, answer: HttpResponse): Challenge {
  const header = answer.headers['www-authenticate'] ?? ''
  const challenges = parseChallenges(header)
  if (challenges === undefined) throw unreadable(repository, 'its WWW-Authenticate is malformed')
  const challenge =
    challenges.find(({ scheme }) => scheme === 'bearer') ??
    challenges.find(({ scheme }) => scheme === 'basic')
  if (challenge === undefined) {
    throw unreadable(
      repository,
      'it answers 401 and offers neither Bearer nor Basic authentication'
    )
  }
  return challenge
}
