import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { describe, expect, it } from '@jest/globals'
import { startSandbox } from '../../sandbox/client.ts'
import { requestToken } from './signer.ts'

const MAIN = new URL('../../sandbox/main.ts', import.meta.url).pathname

const start = (...args: string[]) => {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  return { child, lines: createInterface({ input: child.stdout }) }
}

describe('startSandbox', () => {
  it('records requests in their order, with the connection they came by', async () => {
    const sandbox = await startSandbox()
    const before = Date.now()
    await requestToken(sandbox)
    await fetch(`${sandbox.urls.rekor}/api/v1/log/entries?logIndex=0`)
    const [first, second, ...rest] = await sandbox.requests()
    await sandbox.stop()
    expect(rest).toEqual([])
    expect(first).toMatchObject({ service: 'oidc', method: 'GET', status: 200, secret: true })
    expect(second).toMatchObject({
      service: 'rekor',
      method: 'GET',
      path: '/api/v1/log/entries?logIndex=0',
      status: 404,
      secret: false
    })
    expect(first?.port).toBeGreaterThan(0)
    expect(first?.at).toBeGreaterThanOrEqual(before)
  })

  it('leaves nothing behind, and may be stopped twice', async () => {
    const sandbox = await startSandbox()
    expect(existsSync(sandbox.trustedRoot)).toBe(true)
    await sandbox.stop()
    await sandbox.stop()
    expect(existsSync(sandbox.dir)).toBe(false)
    await expect(fetch(sandbox.urls.rekor)).rejects.toThrow('fetch failed')
  })
})

describe('main', () => {
  it('ends with its parent', async () => {
    const { child, lines } = start('--json')
    const [line] = (await once(lines, 'line')) as [string]
    const { dir } = JSON.parse(line) as { dir: string }
    expect(existsSync(dir)).toBe(true)
    // What the system does to the pipe of a parent that dies.
    child.stdin.destroy()
    expect(await once(child, 'exit')).toEqual([0, null])
    expect(existsSync(dir)).toBe(false)
  })

  it('prints an environment for a shell, and ends on Ctrl-C', async () => {
    const { child, lines } = start()
    const printed: string[] = []
    lines.on('line', line => printed.push(line))
    while (!printed.some(line => line.startsWith('# no faults'))) await once(lines, 'line')
    const root = printed.find(line => line.startsWith('# TUF: '))
    const path = root?.split(' from ')[1] ?? ''
    expect(printed).toContain("export GITHUB_REPOSITORY='octo-org/octo-models'")
    expect(existsSync(path)).toBe(true)
    child.kill('SIGINT')
    await once(child, 'exit')
    expect(existsSync(path)).toBe(false)
  })
})
