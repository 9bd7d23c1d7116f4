import { readFile } from 'node:fs/promises'
import { IDENTITY, ISSUER, type Job } from '../job.ts'
import { PROGRAMS } from '../services/programs.ts'
import type { ImageQuestion, ImageVerifier } from './image-peer.ts'

/** policy-controller's name of the root, and of the authority that trusts it. */
const NAME = 'services'

/** What policy-controller decides in a cluster. It reads no bundles. */
export const policyTester: ImageVerifier = {
  ...{ program: 'policy-controller', version: PROGRAMS['policy-tester'].version },
  verifies: 'a ClusterImagePolicy with `keyless` and `ctlog`',
  verify: async (job, question) => {
    const root = await trustRoot(job, question.without ?? [])
    await job.write('trust-root.yaml', JSON.stringify(root))
    await job.write('policy.yaml', JSON.stringify(policy(job, question)))
    const files = ['-policy', 'policy.yaml', '-trustroot', 'trust-root.yaml']
    await job.run('policy-tester', ...files, '-image', question.image)
  },
  refusals: {
    unsigned: 'no signatures found',
    moved: 'invalid or missing digest in claim',
    identity: 'none of the expected identities matched',
    issuer: 'none of the expected identities matched',
    log: 'rekor log public key not found for payload'
  }
}

/** `policy.sigstore.dev`; YAML, of which JSON is a part. */
function policy(
  { services: { urls } }: Job,
  { identity: subject = IDENTITY, issuer = ISSUER }: ImageQuestion
): unknown {
  const authority = {
    name: NAME,
    keyless: { url: urls.fulcio, trustRootRef: NAME, identities: [{ issuer, subject }] },
    ctlog: { url: urls['rekor-v1'], trustRootRef: NAME }
  }
  return {
    apiVersion: 'policy.sigstore.dev/v1beta1',
    kind: 'ClusterImagePolicy',
    metadata: { name: 'release' },
    spec: { images: [{ glob: '**' }], authorities: [authority] }
  }
}

type Log = { baseUrl: string; publicKey: { rawBytes: string } }
type Authority = {
  subject: unknown
  uri: string
  certChain: { certificates: { rawBytes: string }[] }
}
type Root = { tlogs: Log[]; ctlogs: Log[] } & Record<
  'certificateAuthorities' | 'timestampAuthorities',
  Authority[]
>

/** The trusted root in its words. */
async function trustRoot(job: Job, without: string[]): Promise<unknown> {
  const root = JSON.parse(await readFile(await job.rootWithout(...without), 'utf8')) as Root
  const keys = ({ baseUrl: baseURL, publicKey }: Log): unknown => ({
    ...{ baseURL, hashAlgorithm: 'sha-256' },
    publicKey: pem('PUBLIC KEY', [publicKey.rawBytes])
  })
  const chains = ({ subject, uri, certChain }: Authority): unknown => {
    const certificates = certChain.certificates.map(({ rawBytes }) => rawBytes)
    return { subject, uri, certChain: pem('CERTIFICATE', certificates) }
  }
  return {
    apiVersion: 'policy.sigstore.dev/v1alpha1',
    kind: 'TrustRoot',
    metadata: { name: NAME },
    spec: {
      sigstoreKeys: {
        certificateAuthorities: root.certificateAuthorities.map(chains),
        timestampAuthorities: root.timestampAuthorities.map(chains),
        tLogs: root.tlogs.map(keys),
        ctLogs: root.ctlogs.map(keys)
      }
    }
  }
}

/** PEM in base64. One newline at the end and none between: a blank line is an error there. */
function pem(label: string, contents: string[]): string {
  const texts = contents.map(base64 => {
    const lines = base64.match(/.{1,64}/g) ?? []
    return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
  })
  return Buffer.from(texts.join('')).toString('base64')
}
