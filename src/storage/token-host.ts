import { AsyncLocalStorage } from 'node:async_hooks'
import type { ClientRequest } from 'node:http'
import { subscribe } from 'node:diagnostics_channel'
import { fromOutside } from '../http/words.ts'

type Guard = { host: string; refuse: (error: Error) => void }

const guards = new AsyncLocalStorage<Guard>()
let watching = false

/**
 * Run a function of a library that sends a token, and let that go to no host but its own: of `@actions/artifact`, whose
 * client takes it along to wherever it is redirected (measured, @actions/http-client 4.0.1).
 *
 * @param url of the service that the token is for
 * @throws Error for the first request to elsewhere that has a token, which is not sent
 */
export async function keepToken<T>(url: string, work: () => Promise<T>): Promise<T> {
  // Node tells of a request before anything of it is sent.
  if (!watching) subscribe('http.client.request.created', watch)
  watching = true
  const refused = Promise.withResolvers<never>()
  const guard = { host: new URL(url).host, refuse: refused.reject }
  return await guards.run(guard, () => Promise.race([work(), refused.promise]))
}

function watch(message: unknown): void {
  const { request } = message as { request: ClientRequest }
  const guard = guards.getStore()
  if (guard === undefined || !request.hasHeader('authorization')) return
  const { host } = new URL(`${request.protocol}//${String(request.getHeader('host'))}`)
  if (host === guard.host) return
  const error = new Error(`it redirects to ${fromOutside(host)}, for which its token is not`)
  request.destroy(error)
  // The library would try again.
  guard.refuse(error)
}
