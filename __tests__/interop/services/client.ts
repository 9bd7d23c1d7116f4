import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type Sandbox, startSandbox } from '../../../sandbox/client.ts'
import type { Layout } from './layout.ts'
import type { Order, Reply } from './main.ts'
import type { ServiceName } from './programs.ts'

/** The real services of a Sigstore and two registries, and an issuer of ours that Fulcio knows as GitHub's. */
export type Services = Layout & {
  /** What a runner would set for a job with the claims of the tokens. */
  env: Sandbox['env']
  /**
   * The issuer: its claims, faults and secrets. Beside it only this sandbox's results service is in use; its
   * trusted root is one of strangers.
   */
  issuer: Pick<Sandbox, 'setClaims' | 'fault' | 'clearFaults' | 'secrets' | 'trustedRoot'>
  /** Ends a service; its URL refuses connections from then on. */
  stopService(name: ServiceName): Promise<void>
  /**
   * Starts one again, at the same URL. Logs and registries behind it are as they were, but Fulcio and the
   * timestamp authority come back with another key, which nobody trusts.
   */
  startService(name: ServiceName): Promise<void>
  /** Ends everything and removes its files. */
  stop(): Promise<void>
}

/**
 * Starts the services on free loopback ports and waits until each answers. They end with `stop()`, or with this
 * process, however it ends. `.ci/tool` has to have installed them.
 * @throws Error that names the service which did not start, with the last that it said; nothing runs then
 */
export async function startServices(): Promise<Services> {
  const sandbox = await startSandbox()
  const main = fork(join(import.meta.dirname, 'main.ts'), [sandbox.urls.oidc], {
    // Ctrl-C goes to the group of the terminal: the services end when this process does, or says so.
    detached: true,
    execArgv: []
  })
  const waiting = new Map<number, (reply: Reply) => void>()
  main.on('message', (reply: Reply) => waiting.get(reply.id)?.(reply))
  const exit = once(main, 'exit')
  const replyTo = async (id: number): Promise<Reply> => {
    const reply = new Promise<Reply>(resolve => waiting.set(id, resolve))
    const answer = await Promise.race([reply, exit])
    if (Array.isArray(answer)) throw new Error('what holds the services has ended')
    if (answer.error !== undefined) throw new Error(answer.error)
    return answer
  }
  let last = 0
  const tell = async (order: Order['order'], name: ServiceName): Promise<void> => {
    last += 1
    main.send({ id: last, order, name } satisfies Order)
    await replyTo(last)
  }
  const stop = async (): Promise<void> => {
    if (main.connected) main.disconnect()
    await exit
    await sandbox.stop()
  }
  try {
    const { layout } = await replyTo(0)
    if (layout === undefined) throw new Error('the services do not say where they are')
    return {
      ...layout,
      env: sandbox.env,
      issuer: sandbox,
      stopService: async name => {
        await tell('stop', name)
      },
      startService: async name => {
        await tell('start', name)
      },
      stop
    }
  } catch (error) {
    await stop()
    throw error
  }
}
