import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { startServices } from './services/client.ts'
import { programPath } from './services/install.ts'

/** Where the services put all their files: what is in it shows what they leave behind. */
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'services-'))
  // PostgreSQL's user has to get through.
  await chmod(folder, 0o711)
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** `npm run services`, as a terminal has it: in a process group of its own. */
function hold(env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
  return spawn('node', [join(import.meta.dirname, 'services/hold.ts')], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: folder, ...env },
    detached: true
  })
}

/** The processes that have something to do with the folder. */
function processes(): string[] {
  return globSync('/proc/[0-9]*/{cmdline,environ}').filter(path => {
    try {
      return readFileSync(path, 'utf8').includes(folder)
    } catch {
      return false
    }
  })
}

/** Waits a little: a killed parent ends before what it started. */
async function expectNothingLeft(): Promise<void> {
  for (let left = 100; left > 0 && processes().length > 0; left -= 1) await sleep(50)
  expect(processes()).toStrictEqual([])
  expect(await readdir(folder)).toStrictEqual([])
}

describe('the services', () => {
  it('stop and start again one by one, where they were and with the same log', async () => {
    const services = await startServices()
    try {
      const log = async (): Promise<unknown> =>
        await (await fetch(`${services.urls['rekor-v1']}/api/v1/log`)).json()
      const { treeID } = (await log()) as { treeID: string }
      await services.stopService('rekor-v1')
      await expect(log()).rejects.toThrow('fetch failed')
      await services.startService('rekor-v1')
      expect(await log()).toMatchObject({ treeID })
      await expect(services.startService('rekor-v1')).rejects.toThrow('and not stopped')
    } finally {
      await services.stop()
    }
  })

  it('end on Ctrl-C', async () => {
    const child = hold()
    const exit = once(child, 'exit')
    await once(child.stdout, 'data')
    expect(processes()).not.toStrictEqual([])
    process.kill(-(child.pid ?? 0), 'SIGINT')
    expect(await exit).toStrictEqual([0, null])
    await expectNothingLeft()
  })

  it.each([0.5, 1, 1.5, 30])('end when their parent is killed, within %d s', async seconds => {
    const child = hold()
    await Promise.race([once(child.stdout, 'data'), sleep(seconds * 1000, null, { ref: false })])
    child.kill('SIGKILL')
    await expectNothingLeft()
  })

  it('end when one does not start, and say what it said', async () => {
    const program = programPath('tsa')
    const own = dirname(dirname(program))
    const cache = join(folder, 'cache')
    await mkdir(cache)
    for (const name of await readdir(dirname(own))) {
      await symlink(join(dirname(own), name), join(cache, name))
    }
    const broken = program.replace(dirname(own), cache)
    await rm(dirname(dirname(broken)))
    await mkdir(dirname(broken), { recursive: true })
    await writeFile(broken, '#!/bin/sh\necho "no time today"\nexit 1\n', { mode: 0o755 })
    await writeFile(join(dirname(dirname(broken)), 'complete'), '')

    const child = hold({ KEYLESS_CACHE: cache })
    expect(await text(child.stderr)).toMatch(/tsa ended; it said last:\nno time today/)
    await rm(cache, { recursive: true })
    await expectNothingLeft()
  })
})
