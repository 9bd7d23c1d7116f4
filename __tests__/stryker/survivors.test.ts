import { expect, it } from '@jest/globals'
import { judge, type Report } from '../../stryker/survivors.ts'

const FILE = 'src/trust/a.ts'

function report(...statuses: string[]): Report {
  const source = 'const a =\n  b &&\n  c\n'
  const location = { start: { line: 2, column: 3 }, end: { line: 3, column: 4 } }
  const mutants = statuses.map(status => {
    return { status, mutatorName: 'ConditionalExpression', replacement: 'true', location }
  })
  return { files: { [FILE]: { source, mutants } } }
}

const survivor = { file: FILE, line: 'b &&', from: 'b && c', to: 'true' }
const explained = { ...survivor, why: 'it is' }

it('counts what was detected, and what was not as not', () => {
  expect(judge(report('Killed', 'Timeout', 'Survived', 'NoCoverage'), [explained])).toEqual({
    scores: [{ file: FILE, detected: 2, of: 4 }],
    unexplained: [],
    stale: []
  })
})

it.each([
  [],
  [{ ...explained, file: 'src/trust/b.ts' }],
  [{ ...explained, line: 'b ||' }],
  [{ ...explained, from: 'b' }],
  [{ ...explained, to: 'false' }]
])('a survivor needs an explanation of its own (%#)', (...others) => {
  expect(judge(report('Survived'), others).unexplained).toEqual([survivor])
})

it('an explanation needs a survivor, where the file was measured', () => {
  const elsewhere = { ...explained, file: 'src/trust/b.ts' }
  expect(judge(report('Killed'), [explained, elsewhere]).stale).toEqual([explained])
})

it.each(['RuntimeError', 'CompileError', 'Ignored', 'Pending'])(
  'refuses a mutant that is %s',
  status => {
    expect(() => judge(report(status), [])).toThrow(`${FILE}:2: a mutant is ${status}`)
  }
)
