import { describe, expect, it } from '@jest/globals'
import { runScript } from '../e2e/script.ts'

const HEAD = `
import { fail, guard } from 'src/runner/fail.ts'
import { KeylessError } from 'src/errors.ts'
`

describe('a failure', () => {
  it('is one sentence with its code', async () => {
    const run = await runScript(
      `${HEAD} fail(new KeylessError('NO_SUBJECT', 'files is empty; give some.', { cause: new Error('inner') }))`
    )
    expect(run.exitCode).toBe(1)
    expect(run.annotations).toEqual([
      { level: 'error', message: 'files is empty; give some. [NO_SUBJECT]' }
    ])
    expect(run.raw.trim().split('\n')).toHaveLength(1)
  })

  it('keeps its code when it is long', async () => {
    const { annotations } = await runScript(
      `${HEAD} fail(new KeylessError('NO_SUBJECT', '##['.repeat(2000)))`
    )
    expect(annotations[0]?.message).toMatch(/… \[NO_SUBJECT\]$/)
  })

  it.each([
    ['an Error', `new TypeError('x is not y')`, 'x is not y'],
    ['an Error without a message', `new RangeError()`, 'RangeError'],
    ['a text', `'words'`, 'words'],
    ['null', 'null', 'null'],
    ['undefined', 'undefined', 'undefined'],
    ['an object without a string', 'Object.create(null)', 'without words'],
    ['a hostile object', `{ toString() { throw 1 } }`, 'without words'],
    ['a hostile message', `new Error('a\\n::stop-commands::x')`, 'a ::stop-commands::x'],
    ['a symbol', `Symbol('s')`, 'Symbol(s)']
  ])('is any value that is thrown: %s', async (_, value, words) => {
    const run = await runScript(`${HEAD} await guard(async () => { throw ${value} })`)
    expect(run.exitCode).toBe(1)
    expect(run.annotations).toHaveLength(1)
    expect(run.annotations[0]?.message).toMatch(/^Unexpected failure: .*\[UNEXPECTED\]$/)
    expect(run.annotations[0]?.message).toContain(words)
    expect(run.raw).not.toContain('    at ')
  })

  it('has no part of a JWT left by a cut', async () => {
    const token = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln'
    const { annotations } = await runScript(
      `${HEAD} fail(new Error('x'.repeat(975) + ' ${token}'))`
    )
    expect(annotations[0]?.message).toContain('x ***')
    expect(annotations[0]?.message).not.toContain('eyJ')
  })

  it('shows its stack and its causes with step debug, and no JWT', async () => {
    const script = `${HEAD}
      const cause = new Error('inner eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2ln')
      cause.cause = cause
      fail(new KeylessError('NO_SUBJECT', 'outer', { cause }))`
    const { raw } = await runScript(script, { env: { RUNNER_DEBUG: '1' } })
    expect(raw).toMatch(/::debug::KeylessError: outer\n::debug:: {4}at .*main\.mjs/)
    expect(raw).toContain('::debug::Error: inner ***\n')
  })
})

describe('a guarded door', () => {
  it('ends well when it ends well', async () => {
    const run = await runScript(`${HEAD} await guard(async () => { console.log('done') })`)
    expect(run).toMatchObject({ exitCode: 0, annotations: [], log: 'done\n' })
  })

  it.each([
    [
      'a promise that nobody awaits',
      `Promise.reject(new Error('lost')); await new Promise(r => setTimeout(r, 50))`,
      'lost'
    ],
    [
      'an error in a timer',
      `setTimeout(() => { throw new Error('late') }, 5); await new Promise(r => setTimeout(r, 50))`,
      'late'
    ],
    [
      'a promise that never settles',
      `await new Promise(() => {})`,
      'ended before its work was done'
    ],
    ['an early exit', `process.exit(0)`, 'ended before its work was done']
  ])('fails for %s', async (_, body, words) => {
    const run = await runScript(`${HEAD} void guard(async () => { ${body} })`)
    expect(run.exitCode).toBe(1)
    expect(run.annotations.map(({ message }) => message)).toEqual([expect.stringContaining(words)])
    expect(run.raw).not.toContain('    at ')
  })
})
