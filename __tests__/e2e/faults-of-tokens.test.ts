import { describe, expect, it } from '@jest/globals'
import { useScene } from './scene.ts'

const scene = useScene()

describe('the token service', () => {
  it.each([
    ['status', 'SERVICE_UNAVAILABLE'],
    ['timeout', 'SERVICE_UNAVAILABLE'],
    ['unreachable', 'SERVICE_UNAVAILABLE'],
    ['reset', 'SERVICE_UNAVAILABLE'],
    ['drip', 'SERVICE_UNAVAILABLE'],
    ['echo-token', 'SERVICE_REFUSED'],
    ['redirect', 'TOKEN_INVALID'],
    ['garbage', 'SERVICE_ANSWER_INVALID'],
    ['huge', 'SERVICE_ANSWER_INVALID']
  ] as const)('%s', async (kind, code) => {
    await scene.write('a', 'one')
    await scene.sandbox.fault({ service: 'oidc', kind })
    const run = await scene.sign({ files: 'a', timeout: '0.03' })
    expect(run).toMatchObject({ exitCode: 1, outputs: {} })
    expect(run.annotations.at(-1)?.message).toMatch(/GitHub's token service/)
    expect(run.annotations.at(-1)?.message).toContain(`[${code}]`)
    expect(await scene.toldSecrets()).toEqual(['oidc'])
  })

  it('back after a while is asked again', async () => {
    await scene.write('a', 'one')
    await scene.sandbox.fault({ service: 'oidc', kind: 'status', status: 503, times: 2 })
    expect(await scene.sign({ files: 'a' })).toMatchObject({ exitCode: 0 })
  })
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
