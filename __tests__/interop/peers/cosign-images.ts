import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { IDENTITY, ISSUER, type Job } from '../job.ts'
import { PROGRAMS } from '../services/programs.ts'
import type { Log } from '../services/trust.ts'
import type { Annotations, ImageQuestion, ImageSigner, ImageVerifier } from './image-peer.ts'
import { type TrustedRoot, pem } from './pem.ts'

const annotate = (annotations: Annotations = {}): string[] =>
  Object.entries(annotations).flatMap(([name, value]) => ['-a', `${name}=${value}`])

const identify = ({ identity = IDENTITY, issuer = ISSUER }: ImageQuestion): string[] => [
  ...['--certificate-identity', identity],
  ...['--certificate-oidc-issuer', issuer]
]

const COSIGN = { program: 'cosign', version: PROGRAMS.cosign.version }
const COSIGN2 = { program: 'cosign', version: PROGRAMS.cosign2.version }

const bundles = {
  unsigned: 'no signatures found',
  moved: 'provided artifact digest does not match any digest in statement',
  identity: 'expected SAN value',
  issuer: 'expected issuer value',
  log: 'not enough verified log entries'
}
const annotation = 'missing or incorrect annotation'
const legacy = {
  unsigned: 'no signatures found',
  moved: 'invalid or missing digest in claim',
  identity: 'none of the expected identities matched',
  issuer: 'none of the expected identities matched',
  log: 'rekor log public key not found for payload',
  annotation
}

async function sign(
  name: 'cosign' | 'cosign2',
  job: Job,
  image: string,
  log: Log,
  more: string[]
): Promise<void> {
  await job.run(
    name,
    ...['sign', '--yes', '--recursive', '--identity-token', await job.token()],
    ...['--signing-config', job.services.signingConfigs[log]],
    ...['--trusted-root', job.services.trustedRoot, ...more, image]
  )
}

async function verify(
  name: 'cosign' | 'cosign2',
  job: Job,
  question: ImageQuestion,
  more: string[] = []
): Promise<void> {
  const root = await job.rootWithout(...(question.without ?? []))
  await job.run(
    name,
    ...['verify', ...identify(question), ...annotate(question.annotations)],
    ...['--trusted-root', root, ...more, question.image]
  )
}

export const cosignImages: ImageSigner & ImageVerifier = {
  ...COSIGN,
  ...{ signs: '`sign --recursive -a`', verifies: '`verify -a`', format: 'bundle' },
  sign: async (job, image, log, annotations) => {
    await sign('cosign', job, image, log, annotate(annotations))
  },
  verify: async (job, question) => {
    await verify('cosign', job, question)
  },
  refusals: { ...bundles, annotation }
}

/** In bundles it neither signs annotations nor looks at them, and makes none that Rekor v2 takes. */
export const cosign2Images: ImageSigner & ImageVerifier = {
  ...COSIGN2,
  ...{ signs: '`sign --new-bundle-format --recursive`', verifies: '`verify`', format: 'bundle' },
  sign: async (job, image, log) => {
    await sign('cosign2', job, image, log, ['--new-bundle-format'])
  },
  verify: async (job, question) => {
    // It takes the time from the log unless told otherwise, and Rekor v2 has none.
    const time = question.log === 'rekor-v2' ? ['--use-signed-timestamps'] : []
    await verify('cosign2', job, question, time)
  },
  refusals: bundles
}

/** Where a legacy signature is made: no signing config leads there. */
function places({ services }: Job, isStamped: boolean): string[] {
  const { fulcio, 'rekor-v1': rekor, tsa } = services.urls
  return [
    ...['--fulcio-url', fulcio, '--rekor-url', rekor],
    ...(isStamped ? ['--timestamp-server-url', `${tsa}/api/v1/timestamp`] : [])
  ]
}

export const cosignLegacy: ImageSigner & ImageVerifier = {
  ...COSIGN,
  signs: '`sign --new-bundle-format=false --recursive -a`',
  verifies: '`verify --new-bundle-format=false -a`',
  format: 'legacy',
  sign: async (job, image, _, annotations) => {
    await job.run(
      'cosign',
      ...['sign', '--yes', '--recursive', '--identity-token', await job.token()],
      ...['--new-bundle-format=false', '--use-signing-config=false', ...places(job, true)],
      ...['--trusted-root', job.services.trustedRoot, ...annotate(annotations), image]
    )
  },
  verify: async (job, question) => {
    await verify('cosign', job, question, ['--new-bundle-format=false'])
  },
  refusals: legacy
}

/** As it has been used from its first version: keys and chains by variables, no trusted root. */
function old(isStamped: boolean): ImageSigner & ImageVerifier {
  const trust = ({ services: { dir } }: Job, log = 'rekor-v1.pub'): Record<string, string> => ({
    SIGSTORE_ROOT_FILE: join(dir, 'fulcio.pem'),
    SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: join(dir, 'ctlog.pub'),
    SIGSTORE_REKOR_PUBLIC_KEY: join(dir, log)
  })
  const stamped = isStamped ? ' with a timestamp' : ''
  return {
    ...COSIGN2,
    ...{ signs: `\`sign --recursive -a\`${stamped}`, verifies: `\`verify -a\`${stamped}` },
    format: 'legacy',
    sign: async (job, image, _, annotations) => {
      await job.runWith(
        trust(job),
        'cosign2',
        ...['sign', '--yes', '--recursive', '--identity-token', await job.token()],
        ...[...places(job, isStamped), ...annotate(annotations), image]
      )
    },
    verify: async (job, question) => {
      const { dir, urls } = job.services
      const { without = [] } = question
      const chain = without.includes(urls.tsa) ? await strangers(job) : join(dir, 'tsa.pem')
      await job.runWith(
        // Without any key it would fetch that of the public log.
        trust(job, without.includes(urls['rekor-v1']) ? 'rekor-v2.pub' : 'rekor-v1.pub'),
        'cosign2',
        ...['verify', ...identify(question), ...annotate(question.annotations)],
        ...[...(isStamped ? ['--timestamp-certificate-chain', chain] : []), question.image]
      )
    },
    refusals: { ...legacy, ...(isStamped && { authority: 'unable to verify RFC3161 timestamp' }) }
  }
}

/** The chain of a timestamp authority that stamped nothing here: the path of a file. */
async function strangers({ services }: Job): Promise<string> {
  const root = JSON.parse(await readFile(services.issuer.trustedRoot, 'utf8')) as TrustedRoot
  const [authority] = root.timestampAuthorities
  const path = join(services.dir, 'strangers.pem')
  await writeFile(path, pem('CERTIFICATE', authority?.certChain.certificates ?? []))
  return path
}

export const cosign2Legacy = old(false)
export const cosign2LegacyStamped = old(true)
