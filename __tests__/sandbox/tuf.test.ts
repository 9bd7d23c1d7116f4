import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { initTUF } from '@sigstore/tuf'
import { type Fault, type Sandbox, startSandbox } from '../../sandbox/client.ts'

let sandbox: Sandbox
let caches: string[] = []
beforeAll(async () => {
  sandbox = await startSandbox()
})
afterEach(async () => {
  await sandbox.clearFaults()
  await Promise.all(caches.map(async cache => rm(cache, { recursive: true })))
  caches = []
})
afterAll(async () => sandbox.stop())

/** A client that was never here, and has only root.json. */
const target = async (name: string): Promise<string> => {
  const cachePath = await mkdtemp(join(tmpdir(), 'keyless-tuf-'))
  caches.push(cachePath)
  const tuf = await initTUF({
    cachePath,
    mirrorURL: sandbox.urls.tuf,
    rootPath: sandbox.tufRoot,
    retry: 0,
    timeout: 2000
  })
  return tuf.getTarget(name)
}

describe('the TUF repository', () => {
  it('serves the trusted root and the signing config of the files', async () => {
    expect(await target('trusted_root.json')).toBe(await readFile(sandbox.trustedRoot, 'utf8'))
    expect(await target('signing_config.v0.2.json')).toBe(
      await readFile(sandbox.signingConfig, 'utf8')
    )
  })

  it.each<[Fault['kind'], RegExp]>([
    ['expired-timestamp', /timestamp.json is expired/i],
    ['expired-root', /root.json is expired/i],
    ['rolled-back', /Snapshot version doesn't match timestamp/i],
    ['unreachable', /fetch|connect|socket|other side closed/i]
  ])('is refused when %s', async (kind, reason) => {
    await sandbox.fault({ service: 'tuf', kind })
    const error: unknown = await target('trusted_root.json').catch((e: unknown) => e)
    const { message, cause } = error as Error
    expect(`${message} ${String(cause)}`).toMatch(reason)
  })

  it('is slow, when told to', async () => {
    await sandbox.fault({ service: 'tuf', kind: 'slow', seconds: 0.3, times: 2 })
    const started = performance.now()
    await target('trusted_root.json')
    expect(performance.now() - started).toBeGreaterThan(590)
  })
})
