import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startSandbox, type Sandbox } from '../../../sandbox/client.ts'
import { pushImage } from '../../../sandbox/image.ts'
import type { RegistrySwitches } from '../../../sandbox/registry/settings.ts'
import { createHttp } from '../../../src/http.ts'
import { createAttacher } from '../../../src/registry/attachments/attacher.ts'
import { findBundles } from '../../../src/registry/attachments/bundle.ts'
import { createRegistry, type Registry } from '../../../src/registry/client.ts'

const WRITERS = 50
const CASES: Record<string, RegistrySwitches> = {
  'serves ETags': { etags: true },
  'serves none': {},
  'serves none, and shows tags as they were 2 s ago': { staleSeconds: 2 }
}

const sandboxes: Sandbox[] = []
const ends: Record<string, Promise<{ claimed: number; guarded: boolean; listed: number }>> = {}

beforeAll(() => {
  // All at once: the last of them takes most of a minute, in which it waits.
  for (const [name, switches] of Object.entries(CASES)) ends[name] = storm(switches)
})

afterAll(async () => {
  await Promise.allSettled(Object.values(ends))
  await Promise.all(sandboxes.map(sandbox => sandbox.stop()))
})

describe('fifty runs that attach to one image, where the registry lists no referrers, and', () => {
  it.each(Object.keys(CASES))(
    '%s',
    async name => {
      const end = await ends[name]
      expect(end).toEqual({
        claimed: WRITERS,
        listed: WRITERS,
        // What cannot be guaranteed is not claimed.
        guarded: name === 'serves ETags'
      })
    },
    150_000
  )
})

async function storm(
  switches: RegistrySwitches
): Promise<{ claimed: number; guarded: boolean; listed: number }> {
  const sandbox = await startSandbox()
  sandboxes.push(sandbox)
  await sandbox.setRegistry({ service: 'registry2', ...switches })
  const url = sandbox.urls.registry2
  const { host } = new URL(url)
  const repository = { host, path: 'o/app', name: `${host}/o/app` }
  const subject = await pushImage(url, repository.path, { content: 'an image' })
  const created = new Date()
  const attaching = Array.from({ length: WRITERS }, (_, i) =>
    createAttacher({ registry: connect() }).bundle(repository, {
      subject,
      text: `{"bundle":${i}}`,
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      created
    })
  )
  const attached = await Promise.all(attaching)
  const list = async (): Promise<number> =>
    (await findBundles(connect(), repository, subject.digest)).filter(each => 'value' in each)
      .length
  // What reads show may be old yet.
  const deadline = performance.now() + 10_000
  while ((await list()) < WRITERS && performance.now() < deadline) await setTimeout(100)
  return {
    claimed: attached.length,
    guarded: attached.every(({ guarded }) => guarded),
    listed: await list()
  }
}

/** A client of its own, as each run has one. */
function connect(): Registry {
  const log = { debug: () => undefined, info: () => undefined, warning: () => undefined }
  return createRegistry({
    http: createHttp({ deadline: performance.now() + 140_000, log }),
    env: {},
    log
  })
}
