import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { ActionRun } from './runner.ts'
import { useScene } from './scene.ts'

const scene = useScene()

type Entry = {
  kindVersion: { kind: string; version: string }
  inclusionProof: { treeSize: string }
  canonicalizedBody: string
}

const sign = async (files: string): Promise<ActionRun> =>
  await scene.sign({ files, 'signing-config': scene.sandbox.signingConfigV2 })

async function entryOf(name: string): Promise<Entry> {
  const bundle = JSON.parse(await scene.read(`${name}.sigstore.json`)) as {
    verificationMaterial: { tlogEntries: Entry[] }
  }
  const [entry, ...more] = bundle.verificationMaterial.tlogEntries
  if (entry === undefined || more.length > 0) throw new Error('not one entry')
  return entry
}

async function results(run: ActionRun): Promise<unknown[]> {
  const text = await readFile(run.outputs['results-path'] ?? '', 'utf8')
  return (JSON.parse(text) as { subjects: unknown[] }).subjects
}

describe('with Rekor v2', () => {
  it('a hundred files are signed with one certificate, in a few checkpoints, and verify', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `f${i}`)
    for (const name of names) await scene.write(name, name)
    const before = (await scene.sandbox.requests()).length

    const run = await sign('f*')

    expect(run).toMatchObject({ exitCode: 0, outputs: { signed: '100' } })
    const services = (await scene.sandbox.requests()).slice(before).map(({ service }) => service)
    const count = (name: string): number => services.filter(each => each === name).length
    expect([count('fulcio'), count('rekor'), count('rekor2'), count('tsa')]).toEqual([
      1, 0, 100, 100
    ])
    const entries = await Promise.all(names.map(entryOf))
    expect(new Set(entries.map(each => each.inclusionProof.treeSize)).size).toBeLessThanOrEqual(25)
    expect(entries[0]?.kindVersion).toEqual({ kind: 'hashedrekord', version: '0.0.2' })

    const verified = await scene.verify({ files: 'f*\n!*.sigstore.json' })
    expect(verified).toMatchObject({ exitCode: 0, outputs: { verified: 'true' } })
  }, 60_000)

  it('the results say where each entry is, and there it is once its tile is whole', async () => {
    await scene.write('a', 'one')
    const logEntry = {
      url: scene.sandbox.urls.rekor2,
      version: 'v2',
      index: expect.stringMatching(/^\d+$/),
      entryUrl: expect.stringMatching(/\/api\/v2\/tile\/entries\/\d{3}$/)
    }
    const [signed] = await results(await sign('a'))
    expect(signed).toMatchObject({ logEntry })
    const [verified] = await results(await scene.verify({ files: 'a' }))
    expect(verified).toMatchObject({
      passed: [{ logEntry, times: [{ source: 'timestamp-authority' }] }]
    })

    const { entryUrl } = (signed as { logEntry: { entryUrl: string } }).logEntry
    expect((await fetch(entryUrl)).status).toBe(404)
    for (let i = 0; i < 256; i++) await scene.write(`f${i}`, `another ${i}`)
    await sign('f*')
    const tile = Buffer.from(await (await fetch(entryUrl)).arrayBuffer())
    const { canonicalizedBody } = await entryOf('a')
    expect(tile.includes(Buffer.from(canonicalizedBody, 'base64'))).toBe(true)
  }, 60_000)

  it('a changed file is refused, and so is a log that the trusted root does not list', async () => {
    await scene.write('a', 'one')
    await sign('a')
    const root = JSON.parse(await readFile(scene.sandbox.trustedRoot, 'utf8')) as {
      tlogs: unknown[]
    }
    const path = join(scene.sandbox.dir, 'other_root.json')
    await writeFile(path, JSON.stringify({ ...root, tlogs: root.tlogs.slice(0, 1) }))
    const other = await scene.verify({ files: 'a', 'trusted-root': path })
    expect(other.annotations[0]?.message).toContain('[LOG_UNKNOWN]')
    await scene.write('a', 'onf')
    const changed = await scene.verify({ files: 'a' })
    expect(changed.annotations[0]?.message).toContain('[DIGEST_MISMATCH]')
  })
})
