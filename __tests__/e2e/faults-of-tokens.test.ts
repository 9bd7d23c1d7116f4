import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { openScene, type Scene } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await openScene()
})
afterEach(async () => {
  await scene.reset()
})
afterAll(async () => {
  await scene.close()
})

describe('the token service', () => {
  // Three attempts and two pauses; its library waits for ever for a body that was cut off.

  const LIMIT = 60_000

  it.each(['status', 'echo-token', 'redirect', 'garbage', 'unreachable', 'reset'] as const)(
    '%s',
    async kind => {
      await scene.write('a', 'one')
      await scene.sandbox.fault({ service: 'oidc', kind })
      const run = await scene.sign({ files: 'a' })
      expect(run).toMatchObject({ exitCode: 1, outputs: {} })
      expect(run.annotations.at(-1)?.message).toMatch(/\[TOKEN_UNAVAILABLE\]$/)
    },
    LIMIT
  )
})

describe('Fulcio', () => {
  it('refusing an expired token is not stormed', async () => {
    await scene.write('a', 'one')
    await scene.sandbox.fault({ service: 'fulcio', kind: 'status', status: 400 })
    const before = (await scene.sandbox.requests()).length
    const run = await scene.sign({ files: 'a' })
    expect(run.annotations.at(-1)?.message).toMatch(/Fulcio refused .*\[FULCIO_REFUSED_TOKEN\]$/)
    const asked = (await scene.sandbox.requests()).slice(before)
    expect(asked.filter(({ service }) => service === 'fulcio').length).toBeLessThanOrEqual(2)
  })
})
