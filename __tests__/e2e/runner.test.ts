import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { readManifest } from './manifest.ts'
import { runAction, type ActionRun, type RunOptions } from './runner.ts'

const JWT = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln'

const ACTION = `
name: fixture
description: fixture
inputs:
  some-files: { description: d }
  with-default: { description: d, default: 'as given' }
  with-context: { description: d, default: 'in \${{ github.job }}' }
runs: { using: node24, main: lib/main.mjs }
`

let folder: string
let workspace: string

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'harness-')))
  workspace = join(folder, 'workspace')
  await mkdir(workspace)
  await mkdir(join(folder, 'action/lib'), { recursive: true })
  await writeFile(join(folder, 'action/action.yml'), ACTION)
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** Runs a script as an action. */
async function act(script: string, options: Partial<RunOptions> = {}): Promise<ActionRun> {
  const head = `import { appendFileSync, writeFileSync } from 'node:fs'; const { env } = process;`
  await writeFile(join(folder, 'action/lib/main.mjs'), `${head}\n${script}`)
  return await runAction('sign', {
    action: join(folder, 'action/action.yml'),
    workspace,
    ...options
  })
}

describe('what an action gets', () => {
  it('inputs, defaults, its workspace and a clean environment', async () => {
    process.env.OF_THE_TEST = 'x'
    const { log, exitCode } = await act(
      `console.log(JSON.stringify({ cwd: process.cwd(), env, event: await import(env.GITHUB_EVENT_PATH, { with: { type: 'json' } }) }))
       process.exit(3)`,
      { inputs: { 'some-files': 'a\nb' }, env: { EXTRA: 'e' }, event: { number: 7 } }
    )
    delete process.env.OF_THE_TEST
    const seen = JSON.parse(log) as { cwd: string; env: NodeJS.ProcessEnv; event: unknown }
    expect(exitCode).toBe(3)
    expect(seen.cwd).toBe(workspace)
    expect(seen.event).toEqual({ default: { number: 7 } })
    expect(seen.env).toMatchObject({
      'INPUT_SOME-FILES': 'a\nb',
      'INPUT_WITH-DEFAULT': 'as given',
      'INPUT_WITH-CONTEXT': 'in job',
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: workspace,
      EXTRA: 'e'
    })
    expect(seen.env).not.toHaveProperty('OF_THE_TEST')
    expect(seen.env.HOME).not.toBe(process.env.HOME)
  })

  it('no input that it does not have', async () => {
    await expect(act('', { inputs: { 'some-file': 'x' } })).rejects.toThrow(
      "Unexpected input(s) 'some-file'"
    )
  })

  it('Node 24 only', async () => {
    await writeFile(join(folder, 'action/action.yml'), ACTION.replace('node24', 'node20'))
    await expect(act('')).rejects.toThrow('runs.using is node20')
  })

  it('no more time than the deadline', async () => {
    const endless = `console.log('begun'); setInterval(() => {}, 1000)`
    await expect(act(endless, { deadline: 1500 })).rejects.toThrow(/longer than 1500 ms.*begun/s)
  })
})

describe('commands', () => {
  it('become annotations, decoded, and leave the log', async () => {
    const { annotations, log, raw } = await act(`
      console.log('before')
      console.log('::error title=a%3Ab%2Cc,file=x.txt::50%25 of%0Aall')
      console.error('  ::warning::from stderr')
      console.log('::group::g'); console.log('::debug::d'); console.log('::endgroup::')
      console.log('::unknown::stays')`)
    expect(annotations).toContainEqual({
      level: 'error',
      title: 'a:b,c',
      file: 'x.txt',
      message: '50% of\nall'
    })
    expect(annotations).toContainEqual({ level: 'warning', message: 'from stderr' })
    expect(log).toBe('before\n::unknown::stays\n')
    expect(raw).toContain('::debug::d')
  })

  it('are limited to 10 annotations of a level, of 4,096 characters', async () => {
    const { annotations, log } = await act(
      `for (let i = 0; i < 12; i++) console.log('::notice::' + i + 'x'.repeat(5000)); console.log('::error::e')`
    )
    expect(annotations).toHaveLength(11)
    expect(annotations[0]?.message).toHaveLength(4096)
    expect(log.split('\n').filter(line => line.startsWith('##[notice]1'))).toHaveLength(2)
  })

  it.each([
    '::set-env name=A::b',
    ' ::stop-commands::x',
    'text ##[error]x',
    '::not::##[error]x',
    '##[add-path]/x'
  ])('that nobody of ours writes are an error: %s', async line => {
    await expect(act(`console.log(${JSON.stringify(line)})`)).rejects.toThrow(
      'no action of ours writes'
    )
  })
})

describe('outputs', () => {
  const write = (text: string) => `appendFileSync(env.GITHUB_OUTPUT, ${JSON.stringify(text)})`

  it('are read as the runner reads them', async () => {
    const { outputs } = await act(write('a=b<<c\nd<<E=F\none\n\nE\nE=F\nempty<<X\nX\n\nlast=='))
    expect(outputs).toEqual({ a: 'b<<c', d: 'one\n\nE', empty: '', last: '=' })
  })

  it.each(['no separator', 'a<<EOF\nnever ends', '=x', 'a<<\nx'])(
    'fail when malformed: %j',
    async text => {
      await expect(act(write(text))).rejects.toThrow('Invalid')
    }
  )

  it('with a masked value are dropped', async () => {
    const { outputs, annotations } = await act(
      `console.log('::add-mask::hunter2'); ${write('a=has hunter2 in it\nb=fine\n')}`
    )
    expect(outputs).toEqual({ b: 'fine' })
    expect(annotations[0]?.message).toBe("Skip output 'a' since it may contain secret.")
  })

  it.each(['GITHUB_ENV', 'GITHUB_PATH', 'GITHUB_STATE'])('are all that is left: %s', async name => {
    await expect(act(`appendFileSync(env.${name}, 'A=b')`)).rejects.toThrow(`wrote to ${name}`)
  })
})

describe('the summary', () => {
  const write = (bytes: number) =>
    `appendFileSync(env.GITHUB_STEP_SUMMARY, 'é'.repeat(${bytes / 2}))`

  it('is taken up to 1 MiB of bytes', async () => {
    const { summary } = await act(write(1024 * 1024))
    expect(summary).toHaveLength(512 * 1024)
  })

  it('is nothing but an error above', async () => {
    const { summary, annotations } = await act(write(1024 * 1024 + 2))
    expect(summary).toBe('')
    expect(annotations[0]).toMatchObject({ level: 'error' })
    expect(annotations[0]?.message).toContain('up to a size of 1024k')
  })
})

describe('secrets', () => {
  const secrets = ['s3cret/value']

  it('are masked line by line once the action asks for it', async () => {
    const { log } = await act(
      `console.log('::add-mask::line one%0As3cret/value'); console.log('it is s3cret/value.')`,
      { secrets }
    )
    expect(log).toBe('it is ***.\n')
  })

  it.each([
    ['stdout', `console.log('it is s3cret/value')`],
    ['stderr', `console.error('it is s3cret/value')`],
    ['another encoding', `console.log(encodeURIComponent('s3cret/value'))`],
    ['base64', `console.log(btoa('s3cret/value'))`],
    ['an annotation', `console.log('::error::it is s3cret/value')`],
    ["an annotation's title", `console.log('::error title=s3cret/value::m')`],
    ['a debug line', `console.log('::debug::it is s3cret/value')`],
    ['a group', `console.log('::group::it is s3cret/value')`],
    ['a line before its mask', `console.log('s3cret/value\\n::add-mask::s3cret/value')`],
    ['an output', `appendFileSync(env.GITHUB_OUTPUT, 'a=s3cret/value')`],
    ['the summary', `appendFileSync(env.GITHUB_STEP_SUMMARY, 's3cret/value')`],
    ['the workspace', `writeFileSync('new.json', 'x'.repeat(1048570) + 's3cret/value')`],
    ['RUNNER_TEMP', `writeFileSync(env.RUNNER_TEMP + '/x', 's3cret/value')`],
    ['HOME', `writeFileSync(env.HOME + '/x', 's3cret/value')`],
    ['a JWT that nobody named', `console.log('${JWT}')`]
  ])('fail the test: %s', async (_, script) => {
    await expect(act(script, { secrets })).rejects.toThrow('a secret shows')
  })

  it('may lie in files that the action did not write', async () => {
    await writeFile(join(workspace, 'before'), 's3cret/value')
    await expect(act(`writeFileSync('new', 'x')`, { secrets })).resolves.toBeDefined()
    await expect(act(`writeFileSync('before', 's3cret/value')`, { secrets })).rejects.toThrow(
      'a secret shows'
    )
  })
})

describe.each(['action.yml', 'verify/action.yml'])('%s', path => {
  const manifest = readManifest(resolve(import.meta.dirname, '../..', path))

  it('describes every input and output', async () => {
    const { inputs, outputs } = await manifest
    for (const [name, input] of [...Object.entries(inputs), ...Object.entries(outputs)]) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(input.description?.trim()).toMatch(/.{10}/)
    }
  })

  it('has defaults that are text, and none for a required input', async () => {
    for (const input of Object.values((await manifest).inputs)) {
      expect(['undefined', 'string']).toContain(typeof input.default)
      expect(['undefined', 'boolean']).toContain(typeof input.required)
      expect(input.required === true && input.default !== undefined).toBe(false)
      const known = ['description', 'required', 'default']
      expect(Object.keys(input).filter(key => !known.includes(key))).toEqual([])
    }
  })
})
