import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Job } from '../__tests__/interop/job.ts'
import { programPath } from '../__tests__/interop/services/install.ts'
import { pushImage } from '../sandbox/image.ts'
import { measure } from './action.ts'
import { type Usage, runChild } from './child.ts'
import { type Distance, openDistance } from './distance.ts'
import { loop, rounds, time } from './rounds.ts'
import type { Row } from './row.ts'

const IMAGES = 100
/** So many processes of cosign stand for its loop. */
const SAMPLE = 20
/** Milliseconds to a service or the registry, and back. */
const ROUND_TRIP = 50
const LOG = 'rekor-v1'

/** Where things are when they are far away. */
type Far = { registry: string; tokens: string; signingConfig: string }

/** How many entries the logs have. */
type Entries = { certificates: number; signatures: number }

/** 100 images in one run, against a loop of cosign, with 50 ms between them and everybody else. */
export async function manyImages(job: Job): Promise<Row[]> {
  const distances: Distance[] = []
  try {
    const far = await moveAway(job, distances)
    const added: Entries[] = []
    const signing = await rounds(
      async () => {
        const images = await pushImages(job, far)
        // Where a job asks for a token each time, cosign takes longer.
        const token = await job.token()
        return await loop(images, SAMPLE, async image => await cosignSigns(job, far, image, token))
      },
      async () => {
        // Others than cosign's: signatures that are there would have to be read.
        const images = await pushImages(job, far)
        const before = await countEntries(job)
        const usage = await weSign(job, far, images)
        const after = await countEntries(job)
        added.push({
          certificates: after.certificates - before.certificates,
          signatures: after.signatures - before.signatures
        })
        return usage
      }
    )
    const most = (name: keyof Entries): number => Math.max(...added.map(entries => entries[name]))
    const what = `${IMAGES} images, ${ROUND_TRIP} ms away`
    return [
      ...time(`${what}: time to sign`, signing, { most: 0.05, sample: SAMPLE }),
      { what: `${what}: certificates`, value: most('certificates'), unit: '', least: 1, most: 1 },
      {
        ...{ what: `${what}: log entries`, value: most('signatures'), unit: '' },
        ...{ least: IMAGES, most: IMAGES }
      }
    ]
  } finally {
    for (const { close } of distances) close()
  }
}

/** Puts everything that signing asks into the distance; `distances` is what to close afterwards. */
async function moveAway({ services }: Job, distances: Distance[]): Promise<Far> {
  const move = async (url: string): Promise<string> => {
    const distance = await openDistance(url, ROUND_TRIP)
    distances.push(distance)
    return distance.url
  }
  let config = await readFile(services.signingConfigs[LOG], 'utf8')
  for (const name of ['fulcio', LOG, 'tsa'] as const) {
    const url = services.urls[name]
    config = config.replaceAll(`"${url}`, `"${await move(url)}`)
  }
  const signingConfig = join(services.dir, 'far_signing_config.json')
  await writeFile(signingConfig, config)
  const tokens = new URL(services.env.ACTIONS_ID_TOKEN_REQUEST_URL ?? '')
  return {
    registry: await move(services.urls.registry),
    tokens: tokens.href.replace(tokens.origin, await move(tokens.origin)),
    signingConfig
  }
}

/** References by digest, each in the far registry. */
async function pushImages({ services }: Job, far: Far): Promise<string[]> {
  const images: string[] = []
  for (let i = 0; i < IMAGES; i++) {
    const path = `team/${randomUUID()}`
    const { digest } = await pushImage(services.urls.registry, path, { content: path })
    images.push(`${new URL(far.registry).host}/${path}@${digest}`)
  }
  return images
}

async function cosignSigns(job: Job, far: Far, image: string, token: string): Promise<Usage> {
  return await runChild(
    programPath('cosign'),
    [
      ...['sign', '--yes', '--identity-token', token, '--signing-config', far.signingConfig],
      ...['--trusted-root', job.services.trustedRoot, image]
    ],
    job.workspace
  )
}

async function weSign(job: Job, far: Far, images: string[]): Promise<Usage> {
  const inputs = { images: images.join('\n'), 'signing-config': far.signingConfig }
  return await measure(job, async more => {
    const env = { ...more.env, ACTIONS_ID_TOKEN_REQUEST_URL: far.tokens }
    return await job.sign(LOG, inputs, { ...more, env })
  })
}

async function countEntries({ services: { urls } }: Job): Promise<Entries> {
  const read = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T
  const { tree_size } = await read<{ tree_size: number }>(`${urls.ctlog}/ct/v1/get-sth`)
  const { treeSize } = await read<{ treeSize: number }>(`${urls[LOG]}/api/v1/log`)
  return { certificates: tree_size, signatures: treeSize }
}
