import { describe, expect, it } from '@jest/globals'
import { useScene } from './scene.ts'

const scene = useScene()

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
