import { readFile } from 'node:fs/promises'

import { startSandbox, type Sandbox } from '../../sandbox/client.ts'
import { createHttp, type Http, type HttpRequest, type HttpResponse } from '../../src/http.ts'
import { requestIdentity, type IdentityToken } from '../../src/sigstore/identity.ts'
import {
  parseSigningConfig,
  selectServices,
  type Services
} from '../../src/sigstore/signing-config.ts'
import { fakeLog } from '../http/loopback.ts'

export const ISSUER = 'https://token.actions.githubusercontent.com'

/** A Sigstore on loopback, and what a run has of it. */
export type Instance = {
  sandbox: Sandbox
  services: Services
  /** With Rekor v2. */
  servicesV2: Services
  identity: () => Promise<IdentityToken>
  stop: () => Promise<void>
}

/** Starts a Sigstore; it ends with `stop`. */
export async function startInstance(): Promise<Instance> {
  const sandbox = await startSandbox()
  const services = async (path: string): Promise<Services> =>
    selectServices(parseSigningConfig(await readFile(path, 'utf8')), new Date())
  return {
    sandbox,
    services: await services(sandbox.signingConfig),
    servicesV2: await services(sandbox.signingConfigV2),
    identity: () => requestIdentity(audience => getToken(sandbox, audience), { issuer: ISSUER }),
    stop: () => sandbox.stop()
  }
}

/** A client with a minute from now; `tamper` changes what services answered. */
export function client(
  tamper: (response: HttpResponse, request: HttpRequest) => HttpResponse = response => response
): Http {
  const http = createHttp({ deadline: performance.now() + 60_000, log: fakeLog() })
  return { request: async request => tamper(await http.request(request), request) }
}

/** An answer with its JSON body changed. */
export function withJson(response: HttpResponse, change: (json: Json) => unknown): HttpResponse {
  const json = JSON.parse(response.body.toString()) as Json
  return { ...response, body: Buffer.from(JSON.stringify(change(json))) }
}

export type Json = Record<string, unknown>

/** Puts `value` at a path such as `a.0.b`; undefined takes away what is there. */
export function put(json: Json, path: string, value: unknown): void {
  const [first = '', ...rest] = path.split('.')
  if (rest.length > 0) put(json[first] as Json, rest.join('.'), value)
  else json[first] = value
}

async function getToken({ env }: Sandbox, audience: string): Promise<string> {
  const url = `${env.ACTIONS_ID_TOKEN_REQUEST_URL ?? ''}&audience=${audience}`
  const authorization = `Bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ''}`
  const response = await fetch(url, { headers: { authorization } })
  if (!response.ok) throw new Error(`status ${response.status}`)
  return ((await response.json()) as { value: string }).value
}
