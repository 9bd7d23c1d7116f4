import { STATUS_CODES } from 'node:http'

import { KeylessError, type Code } from '../errors.ts'
import type { HttpResponse } from '../http.ts'
import { explanation, fromOutside, LONGEST } from '../http/words.ts'
import { isObject } from '../json.ts'
import { DOCKER_HUB, type Repository } from './reference.ts'

/** What is to be done in a repository. Writing includes reading. */
export type Access = 'read' | 'write'

/** A host as messages name whom they talk of. */
export function registryName(host: string): string {
  return `The registry ${host}`
}

/** A registry wants credentials and there are none, or does not take those that there are. */
export function unauthorized(
  { host, name }: Repository,
  credentials: boolean,
  answer?: HttpResponse
): KeylessError {
  const found = credentials
    ? 'does not take the credentials that docker has for it'
    : 'wants credentials, and docker has none for it'
  const words = answer === undefined ? '' : `: ${said(answer)}`
  return new KeylessError(
    'REGISTRY_UNAUTHORIZED',
    `${registryName(host)} ${found} (${name}${words}). Log in earlier in the same job, with ` +
      `docker/login-action and registry: ${host === DOCKER_HUB ? 'docker.io' : host}.`
  )
}

/** A status that is no answer to what was asked. */
export function refused(
  repository: Repository,
  access: Access,
  answer: HttpResponse
): KeylessError {
  const { host, name } = repository
  const sentence = (code: Code, advice: string): KeylessError =>
    new KeylessError(
      code,
      `${registryName(host)} refused to let ${name} be ${access === 'read' ? 'read' : 'written to'} ` +
        `(${said(answer)}). ${advice}`
    )
  if (answer.status === 403) {
    return sentence('REGISTRY_FORBIDDEN', permission(host, access))
  }
  if (answer.status === 404) {
    return sentence(
      'REGISTRY_REFUSED',
      'Is its name right, and does it exist there? Some registries want it created first.'
    )
  }
  if (answer.status === 405) {
    return sentence(
      'REGISTRY_REFUSED',
      'Does it take OCI artifacts there? A pull-through cache, or a tag that may not change, does not.'
    )
  }
  if (answer.status === 413) {
    return sentence(
      'REGISTRY_REFUSED',
      'It, or a proxy before it, takes no requests of this size; raise its limit.'
    )
  }
  return sentence('REGISTRY_REFUSED', 'Look at what it says, and at its own log.')
}

/** An answer that is there but not what the distribution specification says. */
export function unreadable(repository: Repository, why: string): KeylessError {
  return new KeylessError(
    'REGISTRY_ANSWER_INVALID',
    `The answer of the registry ${repository.host} about ${repository.name} cannot be used: ${why}. ` +
      'Is it a registry, and no proxy answering for it?'
  )
}

/** Bytes, or a word about them, that are not those of the digest. */
export function mismatch(repository: Repository, asked: string, got: string): KeylessError {
  return new KeylessError(
    'REGISTRY_DIGEST_MISMATCH',
    `${registryName(repository.host)} answers for ${repository.name}@${asked} with what is ` +
      `${fromOutside(got, 80)}; do not use this image.`
  )
}

function permission(host: string, access: Access): string {
  if (host !== 'ghcr.io') return 'Give the account that docker logged in with the right to do that.'
  const right = access === 'read' ? 'read' : 'write'
  return (
    `Add permissions: packages: ${right} to the job, and in the package's settings let this repository's ` +
    `workflows ${right === 'read' ? 'read' : 'write to'} it.`
  )
}

/** Status, code and message of an answer (distribution specification, "Error Codes"). */
function said(answer: HttpResponse): string {
  const status = `${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim()
  const words = firstError(answer.body) ?? explanation(answer.body)
  return words === '' ? status : `${status}: "${words}"`
}

function firstError(body: Buffer): string | undefined {
  try {
    const json: unknown = JSON.parse(body.toString('utf8', 0, LONGEST))
    if (!isObject(json) || !Array.isArray(json.errors)) return undefined
    const first: unknown = json.errors[0]
    if (!isObject(first)) return undefined
    const words = [first.code, first.message].filter(each => typeof each === 'string')
    return fromOutside(words.join(': '))
  } catch {
    return undefined
  }
}
