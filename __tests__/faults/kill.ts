import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceName } from '../../sandbox/client.ts'
import { push, referrersOf, type Image } from '../e2e/image.ts'
import type { Scene } from '../e2e/open-scene.ts'
import type { RunOptions } from '../e2e/runner.ts'
import { expect, expectDiscretion } from './trial.ts'
import { onlyFile } from './unzip.ts'

/** Where a signing is killed: while a service has not answered its nth request, or before its nth write. */
export type Step = { at: ServiceName | 'disk'; nth: number }

/** Writes that leave something where others look, or the way there. */
const hook = (left: number): string => `
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
let left = ${left === Infinity ? 'Infinity' : left}
let steps = 0
for (const [owner, name] of [
  [fs.promises, 'open'], [fs.promises, 'rename'], [fs.promises, 'appendFile'], [fs, 'appendFileSync']
]) {
  const call = owner[name]
  owner[name] = (...args) => {
    if (name !== 'open' || args[1] === 'wx') {
      if (steps === left) process.kill(process.pid, 'SIGKILL')
      steps += 1
    }
    return call.apply(owner, args)
  }
}
syncBuiltinESMExports()
process.on('exit', () => fs.writeSync(2, '[steps: ' + steps + ']\\n'))
`

function killedBefore(left: number): Partial<RunOptions> {
  return { nodeOptions: ['--import', `data:text/javascript,${encodeURIComponent(hook(left))}`] }
}

/** A file and an image, which go to every place there is. */
async function prepare(scene: Scene): Promise<{ image: Image; inputs: Record<string, string> }> {
  await scene.write('a', 'one')
  const image = await push(scene)
  return { image, inputs: { files: 'a', images: image.ref } }
}

/** Every step of a signing, as one that nobody disturbs takes them. */
export async function stepsOf(scene: Scene): Promise<Step[]> {
  const { inputs } = await prepare(scene)
  const before = (await scene.sandbox.requests()).length
  const run = await scene.sign(inputs, killedBefore(Infinity))
  expect('exit code', run.exitCode, 0)
  const asked = (await scene.sandbox.requests()).slice(before)
  const [, writes = '0'] = /\[steps: (\d+)\]/.exec(run.raw) ?? []
  await scene.reset()
  const counts: [Step['at'], number][] = [
    ...[...Map.groupBy(asked, ({ service }) => service as ServiceName)].map(
      ([service, requests]): [ServiceName, number] => [service, requests.length]
    ),
    ['disk', Number(writes)]
  ]
  return counts.flatMap(([at, count]) => Array.from({ length: count }, (_, nth) => ({ at, nth })))
}

/**
 * Kills a signing at a step, and signs again.
 * @throws Error where what the first left does not verify, or the second does not end well
 */
export async function killAndSignAgain(scene: Scene, { at, nth }: Step): Promise<void> {
  const { image, inputs } = await prepare(scene)
  const before = (await scene.sandbox.requests()).length
  if (at === 'disk') {
    const run = await scene.sign(inputs, killedBefore(nth))
    expect('exit code', run.exitCode, 1)
  } else {
    await scene.sandbox.fault({ service: at, kind: 'timeout', after: nth })
    const kill = new AbortController()
    const signing = scene.sign(inputs, { kill: kill.signal })
    const hangs = async (): Promise<boolean> => {
      const requests = (await scene.sandbox.requests()).slice(before)
      return requests.filter(({ service }) => service === at).length > nth
    }
    const ended = signing.then(() => true)
    while (!(await hangs())) {
      if (await Promise.race([ended, sleep(20, false)])) throw new Error('it ended before that')
    }
    kill.abort()
    const run = await signing
    expect('exit code', run.exitCode, 1)
    expect('outputs', run.outputs, {})
    await scene.sandbox.clearFaults()
  }
  await expectNoHalves(scene, image)

  const again = await scene.sign(inputs)
  expect('exit code', [again.exitCode, again.annotations], [0, []])
  expect('signed', again.outputs.signed, '2')
  const verified = await scene.verify(inputs)
  expect('verified', [verified.outputs.verified, verified.annotations], ['true', []])
  expect('files', (await readdir(scene.workspace)).sort(), ['a', 'a.sigstore.json'])
  const artifacts = await scene.sandbox.artifacts()
  const artifact = artifacts.find(({ name }) => name === again.outputs['artifact-name'])
  const bundle = artifact && (await onlyFile(artifact.content))
  expect('the artifact', bundle, await scene.read('a.sigstore.json'))
  expectDiscretion((await scene.sandbox.requests()).slice(before))
}

/** What a killed run left where others look verifies. */
async function expectNoHalves(scene: Scene, image: Image): Promise<void> {
  const left = {
    ...(existsSync(join(scene.workspace, 'a.sigstore.json')) && { files: 'a' }),
    ...((await referrersOf(image)).length > 0 && { images: image.ref })
  }
  if (Object.keys(left).length === 0) return
  expect('what was left', (await scene.verify(left)).outputs.verified, 'true')
}
