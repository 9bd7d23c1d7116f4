import { describe, expect, it } from '@jest/globals'
import { runScript } from '../e2e/script.ts'

/** The runner of these tests throws for a command that nobody of ours writes. */
const script = (body: string) => `import { log, annotate } from 'src/runner/log.ts'\n${body}`

describe('the log', () => {
  it.each([
    '::set-env name=A::b',
    ' \u00a0::stop-commands::x',
    '\u200b::add-path::/x',
    'a\n::set-output name=a::b',
    'a\r::set-output name=a::b',
    'a\u2028::set-output name=a::b',
    ':\u00ad:set-env name=A::b',
    'in the middle ##[set-env name=A;]b',
    '#\u200b#[add-path]/x',
    '###[add-path]/x'
  ])('lets no text be a command: %j', async text => {
    const { log, annotations } = await runScript(
      script(`const text = ${JSON.stringify(text)}
        log.info(text); log.warning(text); log.debug(text)
        annotate('notice', text, { title: text, file: text })`)
    )
    expect(log.trimEnd().split('\n')).toHaveLength(1)
    expect(annotations.map(({ level }) => level)).toEqual(['warning', 'notice'])
    // Nor any later reader that takes a log for commands.
    for (const { message } of annotations) expect(message).not.toMatch(/^\s*::|##\[/)
  })

  it('has levels', async () => {
    const { log, annotations, raw } = await runScript(
      script(`log.info('i'); log.warning('w'); log.debug('d')
        annotate('error', 'e: 50%', { title: 'a, b', file: 'c:d' })`)
    )
    expect(log).toBe('i\n')
    expect(raw).toContain('::debug::d')
    expect(annotations).toEqual([
      { level: 'warning', message: 'w' },
      { level: 'error', message: 'e: 50%', title: 'a, b', file: 'c:d' }
    ])
  })

  it('keeps within the limits of the runner, with room for the last error', async () => {
    const { log, annotations } = await runScript(
      script(`import { fail } from 'src/runner/fail.ts'
        for (let i = 1; i <= 12; i++) { annotate('error', 'e' + i, { file: 'f' }); annotate('warning', 'w' + i) }
        log.warning('a'.repeat(5000)); annotate('notice', 'a'.repeat(5000))
        fail(new Error('last'))`)
    )
    const of = (level: string) => annotations.filter(annotation => annotation.level === level)
    expect(of('error')).toHaveLength(10)
    expect(of('error').at(-1)?.message).toContain('last')
    expect(of('warning')).toHaveLength(10)
    expect(of('notice')[0]?.message).toMatch(/^a{4095}…$/)
    expect(log).toContain('error: f: e10\n')
    expect(log).toContain('warning: w11\n')
    expect(log).not.toContain('##[')
  })
})
