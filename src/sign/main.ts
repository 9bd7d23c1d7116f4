import { join } from 'node:path'
import { checkArtifactGround, checkNode, checkSigningGround } from '../runner/environment.ts'
import { readGround, readRunContext } from '../runner/context.ts'
import { guard } from '../runner/fail.ts'
import { log } from '../runner/log.ts'
import { makeStepFolder } from '../runner/outputs.ts'
import { useProxy } from '../runner/proxy.ts'
import { readInputs } from './inputs.ts'
import { report } from './report.ts'
import { sign } from './run.ts'

await guard(async () => {
  checkNode(process.version)
  useProxy(process.env)
  checkSigningGround(await readGround())
  const inputs = readInputs()
  if (inputs.publish.artifact !== undefined) checkArtifactGround(process.env)
  const folder = await makeStepFolder()
  const bundles = join(folder, 'bundles')
  const context = readRunContext()
  const signing = await sign(inputs, context, bundles, log)
  await report(signing, { ...inputs, ...context, folder, bundles })
})
