import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleFromJSON } from '@sigstore/bundle'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { IDENTITY, ISSUER, type Job, openJob } from './job.ts'
import { PEERS, type PeerName, type Question } from './peers.ts'
import type { Log } from './services/trust.ts'

/** What our action signs with. */
const OURS: Log[] = ['rekor-v1', 'rekor-v2']

const VERIFY_OURS: [PeerName, Log][] = [
  ['cosign', 'rekor-v1'],
  ['cosign', 'rekor-v2'],
  ['cosign2', 'rekor-v1'],
  ['cosign2', 'rekor-v2'],
  ['sigstore-python', 'rekor-v1'],
  ['sigstore-python', 'rekor-v2']
]
const SIGN_FOR_US: [PeerName, Log][] = [
  ['cosign', 'rekor-v1'],
  ['cosign', 'rekor-v2'],
  ['cosign2', 'rekor-v1'],
  ['cosign2', 'rekor-v2'],
  ['sigstore-python', 'rekor-v1'],
  ['sigstore-python', 'rekor-v2']
]
const OTHER_IDENTITY = IDENTITY.replace('release.yml', 'other.yml')
const OTHER_ISSUER = 'https://gitlab.com'

let job: Job
beforeAll(async () => {
  job = await openJob()
  await job.write('changed', 'onf')
  // First of all, so that ours is the first entry of the log, whose proof is empty.
  for (const log of OURS) {
    await job.write(`ours-${log}`, 'one')
    const signed = await job.sign(log, { files: `ours-${log}` })
    expect(signed).toMatchObject({ exitCode: 0, annotations: [] })
  }
})
afterAll(async () => {
  await job.close()
})

describe('a peer verifies a file that we signed', () => {
  it.each(VERIFY_OURS)('%s, with %s', async (name, log) => {
    const { refusals } = PEERS[name]
    const asked = { file: `ours-${log}`, bundle: `ours-${log}.sigstore.json`, log }
    const verify = async (other: Partial<Question> = {}): Promise<void> => {
      await PEERS[name].verify(job, { ...asked, ...other })
    }
    const without = [job.services.urls[log]]

    await verify()
    await expect(verify({ file: 'changed' })).rejects.toThrow(refusals.changed)
    await expect(verify({ identity: OTHER_IDENTITY })).rejects.toThrow(refusals.identity)
    await expect(verify({ issuer: OTHER_ISSUER })).rejects.toThrow(refusals.issuer)
    await expect(verify({ without })).rejects.toThrow(refusals.log)
  })
})

describe('we verify a file that a peer signed', () => {
  it.each(SIGN_FOR_US)('%s, with %s', async (name, log) => {
    const bundle = `${name}-${log}.json`
    await job.write('theirs', 'one')
    await PEERS[name].sign(job, 'theirs', bundle, log)

    const inputs = { files: 'theirs', bundle }
    await accepted(inputs)
    await refused({ ...inputs, files: 'changed' }, 'DIGEST_MISMATCH')
    await refused({ ...inputs, 'certificate-identity': OTHER_IDENTITY }, 'IDENTITY_MISMATCH')
    await refused({ ...inputs, ...by(OTHER_ISSUER) }, 'IDENTITY_MISMATCH')
    const root = await job.rootWithout(job.services.urls[log])
    await refused({ ...inputs, 'trusted-root': root }, 'LOG_UNKNOWN')
  })
})

describe('with a timestamp and no log, as GitHub does for private repositories', () => {
  const logs = (): string[] => [job.services.urls['rekor-v1'], job.services.urls['rekor-v2']]

  it('@sigstore/verify verifies a file that we signed', async () => {
    const root = await job.rootWithout(...logs())
    await job.write('private', 'one')
    await job.sign('timestamp', { files: 'private', 'trusted-root': root })
    const [bundle, file, changed] = await Promise.all(
      ['private.sigstore.json', 'private', 'changed'].map(async name => await read(name))
    )
    const verify = async (data = file, identity = IDENTITY, issuer = ISSUER, from = root) => {
      const json: unknown = JSON.parse(await readFile(from, 'utf8'))
      const material = toTrustMaterial(TrustedRoot.fromJSON(json))
      const verifier = new Verifier(material, {
        ...{ ctlogThreshold: 1, tlogThreshold: 0, timestampThreshold: 1 }
      })
      const entity = toSignedEntity(bundleFromJSON(JSON.parse(String(bundle))), data)
      const extensions = { issuer }
      return verifier.verify(entity, { subjectAlternativeName: identity, extensions })
    }
    await expect(verify()).resolves.toMatchObject({
      identity: { subjectAlternativeName: IDENTITY }
    })
    await expect(verify(changed)).rejects.toThrow('signature verification failed')
    await expect(verify(file, OTHER_IDENTITY)).rejects.toThrow('certificate identity error')
    await expect(verify(file, IDENTITY, OTHER_ISSUER)).rejects.toThrow('invalid certificate ext')
    const unknown = await job.rootWithout(...logs(), job.services.urls.tsa)
    await expect(verify(file, IDENTITY, ISSUER, unknown)).rejects.toThrow('timestamp')
  })

  it.each(['cosign', 'cosign2'] as const)('we verify a file that %s signed', async name => {
    const bundle = `${name}-timestamp.json`
    await job.write('theirs', 'one')
    await PEERS[name].sign(job, 'theirs', bundle, 'timestamp')

    const inputs = { files: 'theirs', bundle, 'trusted-root': await job.rootWithout(...logs()) }
    await accepted(inputs)
    await refused({ ...inputs, files: 'changed' }, 'DIGEST_MISMATCH')
    await refused({ ...inputs, 'certificate-identity': OTHER_IDENTITY }, 'IDENTITY_MISMATCH')
    await refused({ ...inputs, ...by(OTHER_ISSUER) }, 'IDENTITY_MISMATCH')
    const unknown = await job.rootWithout(...logs(), job.services.urls.tsa)
    await refused({ ...inputs, 'trusted-root': unknown }, 'TIMESTAMP_INVALID')
    // Of an instance that has logs, a bundle without an entry is not one.
    await refused({ ...inputs, 'trusted-root': job.services.trustedRoot }, 'LOG_ENTRY_MISSING')
  })
})

const by = (issuer: string): Record<string, string> => ({
  'certificate-identity': IDENTITY,
  'certificate-oidc-issuer': issuer
})

const read = async (name: string): Promise<Buffer> => await readFile(join(job.workspace, name))

async function accepted(inputs: Record<string, string>): Promise<void> {
  const run = await job.verify(inputs)
  expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { verified: 'true' } })
}

async function refused(inputs: Record<string, string>, code: string): Promise<void> {
  const run = await job.verify(inputs)
  expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
  expect(run.annotations[0]?.message).toContain(`[${code}]`)
}
