/**
 * Holds the services for `client.ts`, and ends them when told to, on a signal, or when its parent is gone. Its
 * argument is the URL of the issuer.
 */
import type { ServiceName } from './programs.ts'
import { Stack } from './stack.ts'
import { type Layout, layoutOf } from './layout.ts'

export type Order = { id: number; order: 'start' | 'stop'; name: ServiceName }
/** The first message says where everything is, or why it did not start; the others answer orders. */
export type Reply = { id: number; layout?: Layout; error?: string }

const stack = new Stack()
let ending = false
const end = (): void => {
  if (ending) return
  ending = true
  void stack.stop().finally(() => process.exit(0))
}
process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end).on('disconnect', end)
// It may have gone before anybody listened.
if (!process.connected) process.exit(0)

process.on('message', ({ id, order, name }: Order) => {
  const done = order === 'start' ? stack.startService(name) : stack.stopService(name)
  void reply(
    id,
    done.then(() => ({}))
  )
})
await reply(
  0,
  stack.start(process.argv[2] ?? '').then(place => ({ layout: layoutOf(place) }))
)

async function reply(id: number, work: Promise<Omit<Reply, 'id'>>): Promise<void> {
  const answer = await work.catch((error: unknown) => ({ error: String(error) }))
  if (process.connected) process.send?.({ id, ...answer } satisfies Reply)
}
