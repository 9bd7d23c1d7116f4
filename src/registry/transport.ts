import { KeylessError } from '../errors.ts'
import type { Http, HttpRequest, HttpResponse } from '../http.ts'
import type { Authorizer } from './authorizer.ts'
import { isDigest } from './digest.ts'
import { secretsOf, withoutEcho } from './echo.ts'
import { registryName, unauthorized, type Access } from './failures.ts'
import { ANSWERS, ATTEMPT_TIMEOUT } from './protocol.ts'
import { registryUrl } from './realm.ts'
import { isTag, type Repository } from './reference.ts'

export type RegistryRequest = Pick<HttpRequest, 'method' | 'headers' | 'body' | 'maxBytes'> & {
  url: URL
}

/** The way to a registry, with what it wants to see sent along. Any status but 401 is handed back. */
export type Transport = {
  send(repository: Repository, access: Access, request: RegistryRequest): Promise<HttpResponse>
}

/**
 * Credentials go to the registry's own host and port only: an upload may continue at another, and what is
 * needed there is in the URL that the registry gave. A 401 is answered once with new ones, at any time, as
 * tokens last for minutes only. Error: REGISTRY_UNAUTHORIZED, and those of getting a token.
 */
export function createTransport(http: Http, authorizer: Authorizer): Transport {
  return {
    async send(repository, access, { url, ...request }) {
      const ask = async (header: string | undefined): Promise<HttpResponse> => {
        const answer = await http.request({
          ...request,
          service: registryName(repository.host),
          url: url.href,
          headers: { ...request.headers, ...(header !== undefined && { authorization: header }) },
          attemptTimeout: ATTEMPT_TIMEOUT,
          accept: ANSWERS
        })
        return header === undefined ? answer : withoutEcho(answer, secretsOf(header))
      }
      if (url.host !== registryUrl(repository.host).host) return await ask(undefined)

      const first = authorizer.current(repository, access)
      const answer = await ask(await first?.header)
      if (answer.status !== 401) return answer
      const second = authorizer.renew(repository, access, answer, first)
      const again = await ask(await second.header)
      if (again.status !== 401) return again
      throw unauthorized(repository, await authorizer.hasCredentials(repository.host), again)
    }
  }
}

/** The URL of something under a digest or, of manifests, a tag: `/v2/o/app/blobs/sha256:…`. */
export function urlOf(
  { host, path }: Repository,
  what: 'manifests' | 'blobs' | 'referrers',
  reference: string
): URL {
  if (!isDigest(reference) && !(what === 'manifests' && isTag(reference))) {
    throw new KeylessError(
      'IMAGE_REFERENCE_INVALID',
      `${registryName(host)} can be asked for a tag or a sha256 digest only; this is neither.`
    )
  }
  return new URL(`/v2/${path}/${what}/${reference}`, registryUrl(host))
}
