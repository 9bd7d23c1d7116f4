import { IDENTITY, ISSUER, type Job } from '../job.ts'
import { PROGRAMS } from '../services/programs.ts'
import type { Witness } from '../services/trust.ts'
import { type Peer, PREDICATE_FILE, PREDICATE_TYPE } from './peer.ts'

async function sign(
  job: Job,
  command: string[],
  bundle: string,
  witness: Witness,
  file: string
): Promise<void> {
  if (witness === 'timestamp') throw new Error('sigstore-python signs only with a log')
  await job.run(
    'sigstore-python',
    ...['--trust-config', job.services.clientTrustConfigs[witness], ...command],
    ...['--identity-token', await job.token(), '--bundle', bundle, file]
  )
}

export const python: Peer = {
  ...{ program: 'sigstore-python', version: PROGRAMS['sigstore-python'].version },
  commands: { sign: '`sign`', verify: '`verify identity`' },
  sign: async (job, file, bundle, witness) => {
    await sign(job, ['sign'], bundle, witness, file)
  },
  verify: async (
    job,
    { file, bundle, log, identity = IDENTITY, issuer = ISSUER, without = [] }
  ) => {
    await job.run(
      'sigstore-python',
      ...['--trust-config', await job.clientConfigWithout(log, ...without)],
      ...['verify', 'identity', '--bundle', bundle],
      ...['--cert-identity', identity, '--cert-oidc-issuer', issuer, file]
    )
  },
  refusals: {
    changed: 'Bundle message digest mismatch',
    identity: "Certificate's SANs do not match",
    issuer: "Certificate's OIDCIssuer does not match",
    log: 'invalid log entry'
  }
}

/** It verifies statements by the same command, and asks for no predicate type. */
export const pythonStatements: Peer = {
  ...python,
  commands: { ...python.commands, sign: '`attest`' },
  sign: async (job, file, bundle, witness) => {
    const predicate = ['--predicate', PREDICATE_FILE, '--predicate-type', PREDICATE_TYPE]
    await sign(job, ['attest', ...predicate], bundle, witness, file)
  },
  refusals: { ...python.refusals, changed: 'in-toto statement has no subject for digest' }
}
