import { IDENTITY, ISSUER, type Job } from '../job.ts'
import { PROGRAMS } from '../services/programs.ts'
import type { Log, Witness } from '../services/trust.ts'
import { type Peer, PREDICATE_FILE, PREDICATE_TYPE, type Question } from './peer.ts'

type Version = {
  name: 'cosign' | 'cosign2'
  always?: string[]
  verifying?: (log: Log) => string[]
}

const COSIGN: Version = { name: 'cosign' }
const COSIGN2: Version = {
  name: 'cosign2',
  always: ['--new-bundle-format'],
  // It takes the time from the log unless told otherwise, and Rekor v2 has none.
  verifying: log => (log === 'rekor-v2' ? ['--use-signed-timestamps'] : [])
}

async function sign(
  { name, always = [] }: Version,
  job: Job,
  command: string[],
  bundle: string,
  witness: Witness
): Promise<void> {
  const [verb = '', ...rest] = command
  await job.run(
    name,
    ...[verb, '--yes', ...always, '--identity-token', await job.token()],
    ...['--signing-config', job.services.signingConfigs[witness]],
    ...['--trusted-root', job.services.trustedRoot, '--bundle', bundle, ...rest]
  )
}

async function verify(
  { name, always = [], verifying = () => [] }: Version,
  job: Job,
  command: string[],
  { file, bundle, log, identity = IDENTITY, issuer = ISSUER, without = [] }: Question
): Promise<void> {
  await job.run(
    name,
    ...[...command, ...always, ...verifying(log)],
    ...['--certificate-identity', identity, '--certificate-oidc-issuer', issuer],
    ...['--trusted-root', await job.rootWithout(...without), '--bundle', bundle, file]
  )
}

const refusals = {
  identity: 'expected SAN value',
  issuer: 'expected issuer value',
  log: 'not enough verified log entries'
}

function blobs(of: Version): Peer {
  return {
    ...{ program: 'cosign', version: PROGRAMS[of.name].version },
    commands: { sign: '`sign-blob`', verify: '`verify-blob`' },
    sign: async (job, file, bundle, witness) => {
      await sign(of, job, ['sign-blob', file], bundle, witness)
    },
    verify: async (job, question) => {
      await verify(of, job, ['verify-blob'], question)
    },
    refusals: { ...refusals, changed: 'failed to verify signature' }
  }
}

export const cosign = blobs(COSIGN)
export const cosign2 = blobs(COSIGN2)

export const cosignStatements: Peer = {
  ...cosign,
  commands: { sign: '`attest-blob`', verify: '`verify-blob-attestation`' },
  sign: async (job, file, bundle, witness) => {
    const predicate = ['--predicate', PREDICATE_FILE, '--type', PREDICATE_TYPE]
    await sign(COSIGN, job, ['attest-blob', ...predicate, file], bundle, witness)
  },
  verify: async (job, question) => {
    const type = ['--type', question.predicateType ?? PREDICATE_TYPE]
    await verify(COSIGN, job, ['verify-blob-attestation', ...type], question)
  },
  refusals: {
    ...refusals,
    changed: 'provided artifact digest',
    type: 'invalid predicate type'
  }
}
