import { readFile } from 'node:fs/promises'
import { IDENTITY, ISSUER, type Job } from '../job.ts'
import { PROGRAMS } from '../services/programs.ts'
import type { ImageQuestion, ImageVerifier } from './image-peer.ts'
import { type Authority, type LogKey, type TrustedRoot, pem } from './pem.ts'

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

/** The trusted root in its words. */
async function trustRoot(job: Job, without: string[]): Promise<unknown> {
  const root = JSON.parse(await readFile(await job.rootWithout(...without), 'utf8')) as TrustedRoot
  const keys = ({ baseUrl: baseURL, publicKey }: LogKey): unknown => ({
    ...{ baseURL, hashAlgorithm: 'sha-256' },
    publicKey: encode(pem('PUBLIC KEY', [publicKey]))
  })
  const chains = ({ subject, uri, certChain }: Authority): unknown => {
    return { subject, uri, certChain: encode(pem('CERTIFICATE', certChain.certificates)) }
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

const encode = (text: string): string => Buffer.from(text).toString('base64')
