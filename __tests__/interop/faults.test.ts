import { readFile, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { ActionRun } from '../e2e/runner.ts'
import { type Job, openJob } from './job.ts'
import { type Hold, type Relay, openRelay, until } from './relay.ts'
import type { Log, Witness } from './services/trust.ts'

const LOGS: Log[] = ['rekor-v1', 'rekor-v2']
const FILES = 50
/** Signatures that are finished when the log goes down, and those that it has been sent by then. */
const FINISHED = 10
const SENT = 25

let job: Job
let relay: Relay | undefined
// Services of its own for each: what a fault does to them is not undone.
beforeEach(async () => {
  job = await openJob()
})
afterEach(async () => {
  relay?.close()
  relay = undefined
  await job.close()
})

describe('a log that is stopped while 50 files are being signed, and comes back', () => {
  it.each(LOGS)('%s: costs time and no signature', async log => {
    const { services } = job
    for (let i = 0; i < FILES; i++) await job.write(`${i}.bin`, `content ${i}`)
    const down = Promise.withResolvers<undefined>()
    const front = await openRelay(services.urls[log], async count => {
      if (count <= FINISHED) return
      await until('the first entries', () => front.answered() >= FINISHED)
      if (count > SENT) await down.promise
    })
    relay = front
    const config = await signingConfigWith(log, services.urls[log], front.url)

    const outage = async (): Promise<void> => {
      await until('more entries than are finished', () => front.asked.length > SENT)
      await until('the first entries', () => front.answered() >= FINISHED)
      await services.stopService(log)
      down.resolve(undefined)
      await until('a request in vain', () => front.refused() > 0)
      await services.startService(log)
    }
    const inputs = { files: '*.bin', 'signing-config': config, timeout: '1' }
    const [run] = await Promise.all([job.sign(log, inputs), outage()])
    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
    expect(run.log).toMatch(/Rekor: .*; trying again/)
    expect(front.asked.length).toBeGreaterThan(FILES)

    const verified = await job.verify({ files: '*.bin' })
    expect(verified).toMatchObject({ exitCode: 0, annotations: [], outputs: { verified: 'true' } })
    const results = await readFile(verified.outputs['results-path'] ?? '', 'utf8')
    expect((JSON.parse(results) as { subjects: unknown[] }).subjects).toHaveLength(FILES)
  })
})

describe('a timestamp authority that is down for good', () => {
  it('is named, and nothing is written, whichever log is asked, or none', async () => {
    await job.services.stopService('tsa')
    for (const name of ['a', 'b']) await job.write(name, name)
    for (const witness of [...LOGS, 'timestamp'] as const) {
      const run = await job.sign(witness, { files: 'a\nb', timeout: '0.1' })
      await expectNothing(run)
      const message = run.annotations[0]?.message
      expect(message).toContain(`The timestamp authority (${job.services.urls.tsa}/`)
      expect(message).toMatch(/ stayed unavailable for \d s .*\[SERVICE_UNAVAILABLE\]$/)
    }
  })
})

describe('Fulcio refuses a token: said at once, and asked once', () => {
  it.each([
    [
      'for another audience',
      'client-id: sigstore',
      'client-id: other',
      'expected audience "other"'
    ],
    ['of an unknown issuer', 'token.actions.', 'other.actions.', 'failed to match issuer URL']
  ])('%s', async (_, known, other, reason) => {
    const path = join(job.services.dir, 'fulcio.yaml')
    const config = await readFile(path, 'utf8')
    expect(config).toContain(known)
    await writeFile(path, config.replaceAll(known, other))
    await job.services.stopService('fulcio')
    await job.services.startService('fulcio')
    await expectRefusal(reason)
  })

  it('that expires on its way', async () => {
    // Issued with ten seconds left, so that it passes every check of ours.
    await job.services.issuer.fault({ service: 'oidc', kind: 'clock', seconds: -290 })
    await expectRefusal('oidc: token is expired', async (_, body) => {
      const left = expiry(body) - Date.now()
      expect(left).toBeGreaterThan(0)
      await sleep(left + 1000)
    })
  })

  /** @param reason what Fulcio says to its operator, and to nobody else */
  async function expectRefusal(reason: string, hold?: Hold): Promise<void> {
    const { dir, urls } = job.services
    const front = await openRelay(urls.fulcio, hold)
    relay = front
    for (const name of ['a', 'b']) await job.write(name, name)
    const config = await signingConfigWith('rekor-v1', urls.fulcio, front.url)
    const inputs = { files: 'a\nb', 'signing-config': config, timeout: '0.5' }
    const run = await job.sign('rekor-v1', inputs)
    await expectNothing(run)
    expect(run.annotations[0]?.message).toMatch(
      /^Fulcio refused the token with 400: .* \[FULCIO_REFUSED_TOKEN\]$/
    )
    expect(await readFile(join(dir, 'logs/fulcio.log'), 'utf8')).toContain(reason)
    expect(front.asked).toHaveLength(1)
  }
})

/** The signing config of a witness, with one URL in place of another. */
async function signingConfigWith(witness: Witness, url: string, other: string): Promise<string> {
  const config = await readFile(job.services.signingConfigs[witness], 'utf8')
  const changed = config.replaceAll(`"${url}"`, `"${other}"`)
  if (changed === config) throw new Error(`${url} is not in the signing config`)
  const path = join(job.services.dir, 'changed_signing_config.json')
  await writeFile(path, changed)
  return path
}

/** A failed step with one error, that left nothing: not beside the files, nor where bundles are collected. */
async function expectNothing(run: ActionRun): Promise<void> {
  expect(run).toMatchObject({ exitCode: 1, outputs: {}, summary: '' })
  expect(run.annotations.filter(({ level }) => level === 'error')).toHaveLength(1)
  expect(await readdir(job.workspace)).toStrictEqual(['a', 'b'])
  const all = await readdir(dirname(job.workspace), { recursive: true })
  expect(all.filter(name => name.endsWith('.sigstore.json'))).toStrictEqual([])
}

/** When the token in a request to Fulcio expires, in milliseconds since the epoch. */
function expiry(body: string): number {
  const { credentials } = JSON.parse(body) as { credentials: { oidcIdentityToken: string } }
  const [, payload = ''] = credentials.oidcIdentityToken.split('.')
  return (JSON.parse(String(Buffer.from(payload, 'base64url'))) as { exp: number }).exp * 1000
}
