import { expect, it } from '@jest/globals'
import { runScript } from '../e2e/script.ts'

it('hears what a library prints, lets masks through, and keeps silent on other commands', async () => {
  const run = await runScript(`
    import { overhear } from 'src/storage/chatter.ts'
    const heard = []
    const print = line => process.stdout.write(line + '\\n')
    const wait = ms => new Promise(resolve => setTimeout(resolve, ms))
    const talk = async () => {
      print('in')
      print('::add-mask::hunter2')
      print('::warning::advice')
      setTimeout(() => print('left running'), 50)
      await wait(10)
      return 'done'
    }
    const talking = overhear(talk, line => {
      heard.push(line)
      print('heard ' + line)
    })
    print('beside')
    print('ended ' + (await talking))
    await wait(100)
    await overhear(async () => print('again'), line => heard.push(line))
    print(JSON.stringify(heard))
  `)
  expect(run.annotations).toEqual([])
  expect(run.raw.split('\n')).toEqual([
    'heard in',
    '::add-mask::hunter2',
    'beside',
    'ended done',
    'heard left running',
    '["in","left running","again"]',
    ''
  ])
})
