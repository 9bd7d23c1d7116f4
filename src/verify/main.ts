import { checkNode } from '../runner/environment.ts'
import { readRunContext } from '../runner/context.ts'
import { guard } from '../runner/fail.ts'
import { log } from '../runner/log.ts'
import { makeStepFolder, setOutputs } from '../runner/outputs.ts'
import { useProxy } from '../runner/proxy.ts'
import { readInputs } from './inputs.ts'
import { report } from './report.ts'
import { verify } from './run.ts'

await guard(async () => {
  checkNode(process.version)
  useProxy(process.env)
  // Until everything verified, also where a wrong input ends the step before anything is looked at.
  setOutputs({ verified: 'false' })
  const inputs = readInputs()
  const outcomes = await verify(inputs, readRunContext(), log)
  await report(outcomes, { folder: await makeStepFolder(), showSummary: inputs.showSummary })
})
