import { Faults } from '../../sandbox/faults.ts'
import { listen } from '../../sandbox/server.ts'
import { withFaults } from '../../sandbox/transport.ts'
import { TufRepository } from '../../sandbox/tuf.ts'

/** A TUF repository of the sandbox. */
export type Published = {
  url: string
  /** The root to start from: JSON. */
  root: string
  close: () => void
}

/** Serves a trusted root, given as JSON, by TUF. */
export async function publish(trustedRoot: string): Promise<Published> {
  const faults = new Faults()
  const repository = new TufRepository(faults)
  repository.publish({ 'trusted_root.json': trustedRoot })
  const listener = await listen(
    'tuf',
    () => undefined,
    withFaults('tuf', repository.handler(), {
      faults,
      elsewhere: () => '',
      secretOf: () => '',
      latency: () => 0
    })
  )
  return {
    url: listener.url,
    root: repository.root(),
    close: () => {
      listener.close()
    }
  }
}
