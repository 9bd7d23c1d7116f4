// `npm run bench:cosign`: our time and memory as parts of cosign's, on the real services and side by side. Linux,
// with 2 GiB of room in the folder for temporary files and 6 GiB of free memory. Fails when a target is missed.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { IDENTITY, ISSUER, type Job, openJob } from '../__tests__/interop/job.ts'
import { programPath } from '../__tests__/interop/services/install.ts'
import { measure } from './action.ts'
import { type Usage, runChild } from './child.ts'
import { writeLarge } from './large-file.ts'
import { manyImages } from './many-images.ts'
import { loop, memory, rounds, time } from './rounds.ts'
import { type Row, formatTable, missed } from './row.ts'

/** So many processes of cosign stand for a loop of hundreds. */
const SAMPLE = 40

const job = await openJob()
try {
  const rows = [
    ...(await largeFile(job)),
    ...(await signLoop(job)),
    ...(await verifyLoop(job)),
    ...(await manyImages(job))
  ]
  console.log(formatTable(rows))
  if (rows.some(missed)) process.exitCode = 1
} finally {
  await job.close()
}

/** 2 GiB, which lie in the page cache. */
async function largeFile(job: Job): Promise<Row[]> {
  const file = join(job.workspace, 'large')
  writeLarge(file)
  const signing = await rounds(
    async () => await cosignSigns(job, 'large', await job.token()),
    async () => await weSign(job, 'large')
  )
  const verifying = await rounds(
    async () => await cosignVerifies(job, 'large'),
    async () => await weVerify(job, 'large')
  )
  rmSync(file)
  return [
    ...time('2 GiB: time to sign', signing, { most: 0.2 }),
    ...memory('2 GiB: memory to sign', signing, { most: 0.05 }),
    ...time('2 GiB: time to verify', verifying, { most: 0.6 }),
    ...memory('2 GiB: memory to verify', verifying, { most: 0.1 })
  ]
}

async function signLoop(job: Job): Promise<Row[]> {
  const files = await writeFiles(job, 200)
  // Where a job asks for a token each time, cosign takes longer.
  const token = await job.token()
  const signing = await rounds(
    async () => await loop(files, SAMPLE, async file => await cosignSigns(job, file, token)),
    async () => await weSign(job, files.join('\n'))
  )
  return time('200 files: time to sign', signing, { most: 0.1, sample: SAMPLE })
}

async function verifyLoop(job: Job): Promise<Row[]> {
  const files = await writeFiles(job, 1000)
  await weSign(job, files.join('\n'))
  const verifying = await rounds(
    async () => await loop(files, SAMPLE, async file => await cosignVerifies(job, file)),
    async () => await weVerify(job, files.join('\n'))
  )
  return time('1,000 files: time to verify', verifying, { most: 0.15, sample: SAMPLE })
}

async function writeFiles(job: Job, count: number): Promise<string[]> {
  const files = Array.from({ length: count }, (_, i) => `small-${i}`)
  for (const file of files) await job.write(file, `content of ${file}`)
  return files
}

async function cosignSigns(job: Job, file: string, token: string): Promise<Usage> {
  const { signingConfigs, trustedRoot } = job.services
  return await runChild(
    programPath('cosign'),
    [
      ...['sign-blob', '--yes', '--identity-token', token],
      ...['--signing-config', signingConfigs['rekor-v1'], '--trusted-root', trustedRoot],
      ...['--bundle', 'cosign.json', file]
    ],
    job.workspace
  )
}

async function cosignVerifies(job: Job, file: string): Promise<Usage> {
  return await runChild(
    programPath('cosign'),
    [
      ...['verify-blob', '--certificate-identity', IDENTITY, '--certificate-oidc-issuer', ISSUER],
      ...['--trusted-root', job.services.trustedRoot, '--bundle', `${file}.sigstore.json`, file]
    ],
    job.workspace
  )
}

async function weSign(job: Job, files: string): Promise<Usage> {
  return await measure(job, async more => await job.sign('rekor-v1', { files }, more))
}

async function weVerify(job: Job, files: string): Promise<Usage> {
  return await measure(job, async more => await job.verify({ files }, more))
}
