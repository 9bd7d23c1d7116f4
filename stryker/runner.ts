import { glob } from 'node:fs/promises'
import { createRequire, registerHooks } from 'node:module'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Circus } from '@jest/types'

/**
 * A test runner for Stryker that loads the tests once and runs them with one mutant after the other, in Node itself:
 * Stryker's own for jest loads everything anew for each mutant, which takes seconds where the tests take milliseconds.
 * The tests are jest's all the same: they run by its own engine, jest-circus, without its module registry.
 * https://stryker-mutator.io/docs/stryker-js/guides/create-a-plugin/
 */

type Test = Circus.TestEntry
type Loaded = { root: Circus.DescribeBlock; tests: Map<string, Test> }
type Engine = {
  run: () => Promise<unknown>
  getState: () => Circus.State
  resetState: () => void
  addEventHandler: (handler: (event: Circus.Event) => void) => void
}
/** What the instrumented code reads and writes. */
type Instrumentation = {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  mutantCoverage?: unknown
  hitCount?: number | undefined
  hitLimit?: number | undefined
}
type MutantRun = {
  testFilter?: string[]
  hitLimit?: number
  activeMutant: { id: string; fileName: string }
  mutantActivation: 'runtime' | 'static'
}
type Result = { id: string; name: string; fileName: string; timeSpentMs: number } & (
  { status: 0 } | { status: 1; failureMessage: string }
)

// The sweep over all fields of a bundle is left out: it takes as long as all others, and a check is to have a test
// that is aimed at it.
const TESTS = { include: '__tests__/trust/**/*.test.ts', exclude: '**/mutation.test.ts' }

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals'
      ? { url: new URL('globals.ts', import.meta.url).href, shortCircuit: true }
      : next(specifier, context)
})

class Runner {
  readonly #instrumentation: Instrumentation = {}
  readonly #loaded = new Map<string, Loaded>()
  readonly #engine = createRequire(join(process.cwd(), 'package.json'))('jest-circus') as Engine

  constructor() {
    Object.assign(globalThis, { __stryker__: this.#instrumentation })
  }

  /** Modules that were loaded stay: for a mutant that works while they load, Stryker starts a new process. */
  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: false }
  }

  async dryRun(): Promise<object> {
    const tests = await this.#run({})
    const mutantCoverage = this.#instrumentation.mutantCoverage as {
      static: Record<string, number>
      perTest: Record<string, Record<string, number>>
    }
    // What runs while modules load and in tests, too, is tried in tests alone: a new process for each takes
    // ten seconds, and what is not noticed can only be more.
    for (const mutants of Object.values(mutantCoverage.perTest)) {
      for (const id of Object.keys(mutants)) Reflect.deleteProperty(mutantCoverage.static, id)
    }
    return { status: 'complete', tests, mutantCoverage }
  }

  async mutantRun(o: MutantRun): Promise<object> {
    const { activeMutant, mutantActivation, hitLimit, testFilter: only } = o
    const { id: mutant, fileName: source } = activeMutant
    Object.assign(this.#instrumentation, {
      hitCount: hitLimit === undefined ? undefined : 0,
      hitLimit
    })
    const always = mutantActivation === 'static'
    if (always) this.#instrumentation.activeMutant = mutant
    let results: Result[]
    try {
      results = await this.#run({ only, source, mutant, bail: true })
    } catch (error) {
      if (!always) throw error
      // Modules that cannot be loaded with the mutant: no test passes.
      return { status: 'killed', killedBy: [], failureMessage: String(error), nrOfTests: 0 }
    }
    const { hitCount = 0 } = this.#instrumentation
    if (hitLimit !== undefined && hitCount > hitLimit) {
      return { status: 'timeout', reason: `hit more than ${hitLimit} times` }
    }
    const nrOfTests = results.length
    const failed = results.find(each => each.status === 1)
    if (!failed) return { status: 'survived', nrOfTests }
    // What an earlier mutant left behind must not be taken for a kill: Stryker starts anew after an error.
    if (!always) {
      const [again] = await this.#run({ only: [failed.id] })
      if (again?.status !== 0) throw new Error(`without the mutant, too, this fails: ${failed.id}`)
    }
    const { id, failureMessage } = failed
    return { status: 'killed', killedBy: [id], failureMessage, nrOfTests }
  }

  /** Runs all tests or some, those of the source file itself first, and with `bail` up to the first that fails. */
  async #run(o: {
    only?: string[] | undefined
    source?: string
    mutant?: string
    bail?: boolean
  }): Promise<Result[]> {
    const results: Result[] = []
    for (const name of await testFiles(o.source)) {
      const only = o.only?.filter(id => id.startsWith(`${name}: `))
      if (only?.length === 0) continue
      const { root, tests } = await this.#load(name)
      for (const [id, test] of tests) {
        test.mode = only && !only.includes(id) ? 'skip' : undefined
        Object.assign(test, { errors: [], status: null, invocations: 0, duration: null })
      }
      await this.#runFile({ root, tests }, o)
      for (const [id, test] of tests) {
        if (test.status !== 'done') continue
        const common = { id, name: id, fileName: resolve(name), timeSpentMs: test.duration ?? 0 }
        const [error] = test.errors as unknown[]
        if (error === undefined) results.push({ ...common, status: 0 })
        else results.push({ ...common, status: 1, failureMessage: words(error) })
      }
      if (o.bail && results.some(({ status }) => status === 1)) break
    }
    return results
  }

  async #runFile({ root, tests }: Loaded, o: { mutant?: string; bail?: boolean }): Promise<void> {
    this.#engine.resetState()
    Object.assign(this.#engine.getState(), {
      rootDescribeBlock: root,
      currentDescribeBlock: root,
      testTimeout: 60_000
    })
    this.#engine.addEventHandler(event => {
      if (event.name === 'test_start') this.#instrumentation.currentTestId = ids.get(event.test)
      if (event.name !== 'test_done') return
      this.#instrumentation.currentTestId = undefined
      if (event.test.errors.length === 0 || !o.bail) return
      for (const test of tests.values()) if (test !== event.test) test.mode = 'skip'
    })
    const { activeMutant } = this.#instrumentation
    this.#instrumentation.activeMutant = o.mutant
    await this.#engine.run()
    this.#instrumentation.activeMutant = activeMutant
  }

  async #load(name: string): Promise<Loaded> {
    const seen = this.#loaded.get(name)
    if (seen) return seen
    this.#engine.resetState()
    await import(pathToFileURL(resolve(name)).href)
    const { rootDescribeBlock: root } = this.#engine.getState()
    const loaded = { root, tests: new Map<string, Test>() }
    collect(root, `${name}:`, loaded.tests)
    this.#loaded.set(name, loaded)
    return loaded
  }
}

/** Paths of the tests: first that of this source, the likeliest to notice, last the one that starts a server. */
async function testFiles(source?: string): Promise<string[]> {
  const names: string[] = []
  for await (const each of glob(TESTS.include, { exclude: [TESTS.exclude] })) names.push(each)
  const own = source && `${basename(source, '.ts')}.test.ts`
  const ranks = new Map([
    ['tuf.test.ts', 2],
    [own, 0]
  ])
  const rank = (name: string): number => ranks.get(basename(name)) ?? 1
  return names.sort().sort((a, b) => rank(a) - rank(b))
}

const ids = new WeakMap<Test, string>()

function collect(block: Circus.DescribeBlock, path: string, tests: Map<string, Test>): void {
  for (const child of block.children) {
    const name = `${path} ${child.name}`
    if (child.type === 'describeBlock') {
      collect(child, name, tests)
    } else {
      let id = name
      for (let i = 2; tests.has(id); i += 1) id = `${name} (${i})`
      tests.set(id, child)
      ids.set(child, id)
    }
  }
}

function words(error: unknown): string {
  const first: unknown = Array.isArray(error) ? (error as unknown[])[0] : error
  return first instanceof Error ? first.message : String(first)
}

export const strykerPlugins = [
  { kind: 'TestRunner', name: 'circus', factory: (): Runner => new Runner() }
]
