import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { judge, type Explained, type Report } from './survivors.ts'

/**
 * `npm run stryker`, `npm run stryker -- --mutate src/trust/policy.ts`: changes `src/trust` in each way that Stryker
 * knows, and fails where the tests do not notice, but for what survivors.json explains.
 */

const ROOT = join(import.meta.dirname, '..')

/** Percent of the mutants that tests have to detect, the explained ones being counted as not. */
const LEAST = 95

function run(command: string, ...args: string[]): void {
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`)
}

const read = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(join(import.meta.dirname, name), 'utf8')) as unknown

// Apart from the project's packages: nothing else needs these 177.
run('npm', 'ci', '--prefix', 'stryker', '--no-audit', '--no-fund', '--ignore-scripts')
const stryker = 'stryker/node_modules/@stryker-mutator/core/bin/stryker.js'
run(process.execPath, stryker, 'run', 'stryker/stryker.config.json', ...process.argv.slice(2))

const report = (await read('.stryker/report.json')) as Report
const explained = (await read('survivors.json')) as Explained[]
const { scores, unexplained, stale } = judge(report, explained)

const sum = (pick: (score: (typeof scores)[number]) => number): number =>
  scores.reduce((total, score) => total + pick(score), 0)
const total = { file: 'all', detected: sum(({ detected }) => detected), of: sum(({ of }) => of) }
const percent = ({ detected, of }: typeof total): number => (of === 0 ? 100 : (100 * detected) / of)

console.log('\n  score  detected  file')
for (const score of [...scores, total]) {
  const { file, detected, of } = score
  console.log(
    `${percent(score).toFixed(2).padStart(7)}  ${`${detected}/${of}`.padStart(8)}  ${file}`
  )
}
const list = (what: string, which: object[]): void => {
  if (which.length === 0) return
  console.error(
    `\n${which.length} ${what}:\n${which.map(each => JSON.stringify(each)).join(',\n')}`
  )
  process.exitCode = 1
}
list('survivors that stryker/survivors.json does not explain; write a test or say why', unexplained)
list('explanations in stryker/survivors.json of what does not survive; take them out', stale)
if (percent(total) < LEAST) {
  console.error(`\nThe tests detect ${percent(total).toFixed(2)} %; it has to be ${LEAST} %.`)
  process.exitCode = 1
}
