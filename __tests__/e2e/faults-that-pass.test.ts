import { describe, expect, it } from '@jest/globals'
import type { Fault } from '../../sandbox/client.ts'
import { configFor, useScene } from './scene.ts'

const scene = useScene()

const WITNESSES = ['fulcio', 'rekor', 'rekor2', 'tsa'] as const

describe('a fault that passes is recovered from', () => {
  const faults: Fault[] = WITNESSES.flatMap((service): Fault[] => [
    { service, kind: 'status', status: 503, times: 2 },
    { service, kind: 'status', status: 429, headers: { 'retry-after': '1' }, times: 1 },
    { service, kind: 'reset', times: 1 },
    { service, kind: 'unreachable', times: 1 },
    { service, kind: 'commit-then-500', times: 1 },
    { service, kind: 'slow', seconds: 1, times: 1 }
  ])
  faults.push({ service: 'rekor', kind: 'conflict', times: 1 })
  faults.push({ service: 'rekor2', kind: 'conflict', times: 2 })
  it.each(faults)('%j', async fault => {
    await scene.write('a', 'one')
    await scene.sandbox.fault(fault)
    const inputs = { files: 'a', ...configFor(scene, fault.service) }
    expect(await scene.sign(inputs)).toMatchObject({
      exitCode: 0,
      outputs: { signed: '1' }
    })
    expect(await scene.verify({ files: 'a' })).toMatchObject({ outputs: { verified: 'true' } })
    expect(await scene.toldSecrets()).toEqual(['fulcio', 'oidc', 'results'])
  })
})
