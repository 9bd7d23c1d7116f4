import { readdir } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import type { Fault, FaultKind } from '../../sandbox/client.ts'
import { configFor, useScene } from './scene.ts'

const scene = useScene()

const WITNESSES = ['fulcio', 'rekor', 'rekor2', 'tsa'] as const

/** In minutes: long enough for a second attempt, short enough for a test. */
const TIMEOUT = '0.03'

describe('a fault that stays leaves nothing behind, names the service, and shows no secret', () => {
  const everywhere: FaultKind[] = [
    'status',
    'echo-token',
    'redirect',
    'garbage',
    'huge',
    'timeout',
    'unreachable',
    'reset',
    'drip',
    'commit-then-500',
    'commit-then-timeout'
  ]
  const content: Record<(typeof WITNESSES)[number], FaultKind[]> = {
    fulcio: ['wrong-certificate', 'no-sct', 'wrong-sct', 'clock'],
    rekor: ['stale-checkpoint', 'bad-set', 'bad-proof', 'clock'],
    rekor2: ['stale-checkpoint', 'bad-checkpoint', 'bad-proof', 'conflict'],
    tsa: ['wrong-timestamp', 'clock']
  }
  const names = { fulcio: /Fulcio/, rekor: /Rekor/, rekor2: /Rekor/, tsa: /timestamp/i }

  describe.each(WITNESSES)('%s', service => {
    it.each(everywhere)('%s', async kind => {
      const message = await expectFailure({ service, kind })
      expect(message).toMatch(names[service])
    })

    it.each(content[service])('%s', async kind => {
      await expectFailure({ service, kind, seconds: 86_400 })
    })
  })

  async function expectFailure(fault: Fault): Promise<string> {
    await scene.write('a', 'one')
    await scene.write('b', 'two')
    await scene.sandbox.fault(fault)
    const inputs = { files: 'a\nb', timeout: TIMEOUT, ...configFor(scene, fault.service) }
    const run = await scene.sign(inputs)
    expect(run).toMatchObject({ exitCode: 1, outputs: {}, summary: '' })
    const errors = run.annotations.filter(({ level }) => level === 'error')
    expect(errors).toHaveLength(1)
    expect(errors[0]?.message).not.toContain('[UNEXPECTED]')
    expect(await readdir(scene.workspace)).toEqual(['a', 'b'])
    expect(await scene.toldSecrets()).toEqual(['fulcio', 'oidc'])
    return errors[0]?.message ?? ''
  }
})
