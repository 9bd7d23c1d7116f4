import { IDENTITY, ISSUER, type Job } from './job.ts'
import type { Log, Witness } from './services/trust.ts'

/** What a peer is asked to believe. */
export type Question = {
  file: string
  bundle: string
  log: Log
  identity?: string
  issuer?: string
  /** Left out of the trusted root. */
  without?: string[]
}

/** Somebody else's client of Sigstore. */
export type Peer = {
  sign(job: Job, file: string, bundle: string, witness: Witness): Promise<void>
  /** @throws Error with what it says, when it does not believe the bundle */
  verify(job: Job, question: Question): Promise<void>
  /** What it says of each reason to refuse. */
  refusals: { changed: string; identity: string; issuer: string; log: string }
}

export type PeerName = 'cosign' | 'cosign2' | 'sigstore-python'

function cosign(
  name: 'cosign' | 'cosign2',
  always: string[] = [],
  verifying: (log: Log) => string[] = () => []
): Peer {
  return {
    sign: async (job, file, bundle, witness) => {
      await job.run(
        name,
        ...['sign-blob', '--yes', ...always, '--identity-token', await job.token()],
        ...['--signing-config', job.services.signingConfigs[witness]],
        ...['--trusted-root', job.services.trustedRoot, '--bundle', bundle, file]
      )
    },
    verify: async (job, { file, bundle, log, identity = IDENTITY, issuer = ISSUER, without }) => {
      await job.run(
        name,
        ...['verify-blob', ...always, ...verifying(log)],
        ...['--certificate-identity', identity, '--certificate-oidc-issuer', issuer],
        ...['--trusted-root', await job.rootWithout(...(without ?? [])), '--bundle', bundle, file]
      )
    },
    refusals: {
      changed: 'failed to verify signature',
      identity: 'expected SAN value',
      issuer: 'expected issuer value',
      log: 'not enough verified log entries'
    }
  }
}

export const PEERS: Record<PeerName, Peer> = {
  cosign: cosign('cosign'),
  // It takes the time from the log unless told otherwise, and Rekor v2 has none.
  cosign2: cosign('cosign2', ['--new-bundle-format'], log =>
    log === 'rekor-v2' ? ['--use-signed-timestamps'] : []
  ),
  'sigstore-python': {
    sign: async (job, file, bundle, witness) => {
      if (witness === 'timestamp') throw new Error('sigstore-python signs only with a log')
      const config = job.services.clientTrustConfigs[witness]
      await job.run(
        'sigstore-python',
        ...['--trust-config', config, 'sign', '--identity-token', await job.token()],
        ...['--bundle', bundle, file]
      )
    },
    verify: async (job, { file, bundle, log, identity = IDENTITY, issuer = ISSUER, without }) => {
      const config = await job.clientConfigWithout(log, ...(without ?? []))
      await job.run(
        'sigstore-python',
        ...['--trust-config', config, 'verify', 'identity', '--bundle', bundle],
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
}
