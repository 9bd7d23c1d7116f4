import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { runScript } from '../e2e/script.ts'

describe('outputs', () => {
  it('keep every value apart from the next', async () => {
    const values = {
      plain: 'a',
      empty: '',
      lines: 'a\nghadelimiter_x\nb=c\nd<<EOF\n',
      crlf: 'a\r\nb\r',
      hostile: '\nghadelimiter\nverified=true\n::set-env name=A::b'
    }
    const { outputs, raw } = await runScript(
      `import { setOutputs } from 'src/runner/outputs.ts'; setOutputs(${JSON.stringify(values)})`
    )
    expect(outputs).toEqual(values)
    expect(raw).toBe('')
  })
})

describe('results', () => {
  it('are in a folder of the step, below RUNNER_TEMP', async () => {
    const { log } = await runScript(
      `import { readFileSync } from 'node:fs'
       import { makeStepFolder, writeResults } from 'src/runner/outputs.ts'
       const [one, two] = [await makeStepFolder(), await makeStepFolder()]
       const path = await writeResults(one, [{ name: 'a' }])
       console.log(JSON.stringify({ temp: process.env.RUNNER_TEMP, one, two, path, text: readFileSync(path, 'utf8') }))`
    )
    const { temp, one, two, path, text } = JSON.parse(log) as Record<string, string>
    expect(one).toMatch(new RegExp(`^${String(temp)}/keyless-sign-`))
    expect(two).not.toBe(one)
    expect(path).toBe(`${String(one)}/results.json`)
    expect(text).toBe('[\n  {\n    "name": "a"\n  }\n]\n')
    await expect(readFile(String(path))).rejects.toThrow()
  })
})
