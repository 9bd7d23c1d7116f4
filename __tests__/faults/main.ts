/**
 * `npm run test:faults [-- --write | WORD…]`: what signing does when something goes wrong, with every service and with
 * kill -9 at every step, by dist/. Fails when docs/faults.md is not what the run showed; `--write` writes it. With
 * words it makes only the trials whose names hold all of them, and leaves the page alone.
 */
import { parseArgs } from 'node:util'
import { checkPage } from '../../scripts/page.ts'
import { openScene } from '../e2e/open-scene.ts'
import { buildIn } from './built.ts'
import { TROUBLES } from './faults.ts'
import { killAndSignAgain, stepsOf, type Step } from './kill.ts'
import { PAGE, render } from './page.ts'
import { PLACES } from './places.ts'
import { attempt, type Lane, type Trial } from './trial.ts'

/** Sandboxes, each for one trial after the other: most of a trial is waiting. */
const LANES = 10

type Job = {
  name: string
  /** Seconds that it may wait: the longest come first, so that the others are done meanwhile. */
  wait: number
  run: (lane: Lane) => Promise<string>
}

const { values, positionals: words } = parseArgs({
  options: { write: { type: 'boolean', default: false } },
  allowPositionals: true
})
const outcomes = new Map(
  PLACES.map(({ title }) => [
    title as string,
    new Map<string, { stays?: string; passes?: string }>()
  ])
)

const lanes = await Promise.all(Array.from({ length: LANES }, open))
const steps = lanes[0] ? await stepsOf(lanes[0].scene) : []
const jobs = [
  ...PLACES.flatMap(place => TROUBLES.flatMap(trouble => jobsOf({ place, trouble }))),
  ...steps.map(jobOfKill)
]
  .filter(({ name }) => words.every(word => name.includes(word)))
  .sort((a, b) => b.wait - a.wait)
const total = jobs.length
let failed = 0
await Promise.all(lanes.map(work))
console.log(`${total - failed} passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1
else if (words.length === 0) {
  const kills = Map.groupBy(steps, titleOf)
  const page = await render(outcomes, new Map([...kills].map(([at, each]) => [at, each.length])))
  const writer = 'npm run test:faults -- --write'
  if (!checkPage(PAGE, page, { write: values.write, writer })) process.exitCode = 1
}

async function open(): Promise<Lane> {
  const scene = await openScene()
  return { scene, built: await buildIn(scene.sandbox) }
}

function jobsOf(trial: Trial): Job[] {
  const { place, trouble } = trial
  if (trouble.at(place) === undefined) return []
  const times = trouble.passes?.(place)
  const job = (trial: Trial, lasts: 'stays' | 'passes'): Job => ({
    name: `${place.title} | ${trouble.title} | ${lasts}`,
    wait: place.attempt / (lasts === 'passes' ? 1 : 2),
    run: async lane => {
      const end = await attempt(lane, trial)
      const ends = outcomes.get(place.title)
      ends?.set(trouble.title, { ...ends.get(trouble.title), [lasts]: end })
      return end
    }
  })
  return [job(trial, 'stays'), ...(times === undefined ? [] : [job({ ...trial, times }, 'passes')])]
}

function jobOfKill(step: Step): Job {
  return {
    name: `kill -9 | ${titleOf(step)} | ${step.nth + 1}`,
    wait: 0,
    run: async ({ scene }) => {
      await killAndSignAgain(scene, step)
      return 'signed by the next run'
    }
  }
}

function titleOf({ at }: Step): string {
  return at === 'disk' ? 'the disk' : (PLACES.find(({ service }) => service === at)?.title ?? at)
}

async function work(lane: Lane): Promise<void> {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    try {
      console.log(`${job.name} | ${await job.run(lane)}`)
    } catch (error) {
      failed += 1
      console.log(`${job.name} | FAIL: ${error instanceof Error ? error.message : String(error)}`)
    }
    await lane.scene.reset()
  }
  await lane.scene.close()
}
