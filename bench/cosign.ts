// `npm run bench:cosign`: our time and memory as parts of cosign's, on the real services and side by side. Linux,
// with 2 GiB of room in the folder for temporary files and 6 GiB of free memory. Fails when a target is missed.
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ActionRun } from '../__tests__/e2e/runner.ts'
import { IDENTITY, ISSUER, type Job, openJob } from '../__tests__/interop/job.ts'
import { programPath } from '../__tests__/interop/services/install.ts'
import { type Usage, runChild } from './child.ts'
import { writeLarge } from './large-file.ts'
import { type Row, formatTable, missed } from './row.ts'
import { WRITE_STATUS_AT_EXIT, peakMemory } from './signing.ts'

const ROUNDS = 3
/** So many processes of cosign stand for a loop of hundreds. */
const SAMPLE = 40

/** One round of both, in the same minute. */
type Round = { cosign: Usage; ours: Usage }

const job = await openJob()
try {
  const rows = [...(await largeFile(job)), ...(await signLoop(job)), ...(await verifyLoop(job))]
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
    async () => await loop(files, async file => await cosignSigns(job, file, token)),
    async () => await weSign(job, files.join('\n'))
  )
  return time('200 files: time to sign', signing, { most: 0.1, sample: SAMPLE })
}

async function verifyLoop(job: Job): Promise<Row[]> {
  const files = await writeFiles(job, 1000)
  await weSign(job, files.join('\n'))
  const verifying = await rounds(
    async () => await loop(files, async file => await cosignVerifies(job, file)),
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

async function measure(
  job: Job,
  act: (more: NonNullable<Parameters<Job['sign']>[2]>) => Promise<ActionRun>
): Promise<Usage> {
  const status = join(job.services.dir, 'status')
  const run = await act({
    env: { BENCH_STATUS: status },
    nodeOptions: ['--import', WRITE_STATUS_AT_EXIT],
    deadline: 600_000
  })
  if (run.exitCode !== 0) throw new Error(`the action failed:\n${run.raw.slice(-4000)}`)
  return { seconds: run.durationMs / 1000, peakMemory: peakMemory(readFileSync(status, 'utf8')) }
}

/** What a loop over all files would take, by the first of them. */
async function loop(files: string[], run: (file: string) => Promise<Usage>): Promise<Usage> {
  let seconds = 0
  let peak = 0
  for (const file of files.slice(0, SAMPLE)) {
    const usage = await run(file)
    seconds += usage.seconds
    peak = Math.max(peak, usage.peakMemory)
  }
  return { seconds: (seconds / SAMPLE) * files.length, peakMemory: peak }
}

/** In turns, so that whatever else the machine does slows down both. */
async function rounds(cosign: () => Promise<Usage>, ours: () => Promise<Usage>): Promise<Round[]> {
  const all: Round[] = []
  for (let i = 0; i < ROUNDS; i++) all.push({ cosign: await cosign(), ours: await ours() })
  return all
}

/** The most that ours may be of cosign's, and how many runs of cosign stand for its loop. */
type Terms = { most: number; sample?: number }

/** Of several rounds the fastest: what else the machine does can only add. */
function time(what: string, all: Round[], terms: Terms): Row[] {
  const cosign = Math.min(...all.map(round => round.cosign.seconds))
  const ours = Math.min(...all.map(round => round.ours.seconds))
  return against(what, 's', cosign, ours, terms)
}

/** Of several rounds our highest peak, and cosign's lowest. */
function memory(what: string, all: Round[], terms: Terms): Row[] {
  const cosign = Math.min(...all.map(round => round.cosign.peakMemory)) / 2 ** 20
  const ours = Math.max(...all.map(round => round.ours.peakMemory)) / 2 ** 20
  return against(what, 'MiB', cosign, ours, terms)
}

function against(
  what: string,
  unit: string,
  cosign: number,
  ours: number,
  { most, sample }: Terms
): Row[] {
  const loop = sample === undefined ? '' : `, from ${sample} of its loop`
  return [
    { what: `${what}, cosign${loop}`, value: cosign, unit },
    { what: `${what}, ours`, value: ours, unit },
    { what: `${what}, ours ÷ cosign`, value: ours / cosign, unit: '×', most }
  ]
}
