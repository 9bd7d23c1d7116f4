import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleFromJSON } from '@sigstore/bundle'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify'
import { beforeAll, describe, expect } from '@jest/globals'
import packageJson from '../../package.json' with { type: 'json' }
import { cell } from './cell.ts'
import { IDENTITY, ISSUER } from './job.ts'
import {
  BECAUSE_OF,
  CHANGED,
  LOG_NAMES,
  OTHER_IDENTITY,
  OTHER_ISSUER,
  theyVerify,
  weRefuse,
  weVerify
} from './matrix.ts'
import { cosign, cosign2 } from './peers/cosign.ts'
import { npm } from './peers/npm.ts'
import type { Peer } from './peers/peer.ts'
import { python } from './peers/python.ts'
import type { Log } from './services/trust.ts'
import { useJob } from './use-job.ts'

/** What our action signs with. */
const OURS: Log[] = ['rekor-v1', 'rekor-v2']
const PEERS = [cosign, cosign2, python, npm]

const signsWith = (peer: Peer): Log[] => (peer === npm ? ['rekor-v1'] : OURS)

const job = useJob()
beforeAll(async () => {
  await job.write(CHANGED, 'onf')
  await job.write('theirs', 'one')
  // First of all, so that ours is the first entry of the log, whose proof is empty.
  for (const log of OURS) {
    await job.write(`ours-${log}`, 'one')
    const signed = await job.sign(log, { files: `ours-${log}` })
    expect(signed).toMatchObject({ exitCode: 0, annotations: [] })
  }
})

describe.each(PEERS)('a file: $program $version', peer => {
  for (const log of OURS) {
    const what = `a file, verified with ${peer.commands.verify}`
    cell({ ...peer, direction: 'verifies ours', what, log: LOG_NAMES[log] }, async refuses => {
      const asked = { file: `ours-${log}`, bundle: `ours-${log}.sigstore.json`, log }
      await theyVerify(job, peer, asked, refuses)
    })
  }

  for (const log of signsWith(peer)) {
    const what = `a file, signed with ${peer.commands.sign}`
    cell({ ...peer, direction: 'we verify theirs', what, log: LOG_NAMES[log] }, async refuses => {
      const bundle = `${peer.program}-${peer.version}-${log}.json`
      const inputs = { files: 'theirs', bundle }
      await peer.sign(job, 'theirs', bundle, log)
      await weVerify(job, inputs, refuses)
      const root = await job.rootWithout(job.services.urls[log])
      const without = weRefuse(job, { ...inputs, 'trusted-root': root }, 'LOG_UNKNOWN')
      await refuses(BECAUSE_OF.log, without)
    })
  }
})

describe('with a timestamp and no log, as GitHub does for private repositories', () => {
  const log = LOG_NAMES.timestamp
  const logs = (): string[] => [job.services.urls['rekor-v1'], job.services.urls['rekor-v2']]

  const library = {
    program: '@sigstore/verify',
    version: packageJson.dependencies['@sigstore/verify']
  }
  const what = "a file, verified with the thresholds of GitHub's own instance"
  cell({ ...library, direction: 'verifies ours', what, log }, async refuses => {
    const root = await job.rootWithout(...logs())
    await job.write('private', 'one')
    await job.sign('timestamp', { files: 'private', 'trusted-root': root })
    const [bundle, file, changed] = await Promise.all(
      ['private.sigstore.json', 'private', CHANGED].map(async name => await read(name))
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
    const refused = async (attempt: Promise<unknown>, why: string): Promise<void> => {
      await expect(attempt).rejects.toThrow(why)
    }
    await expect(verify()).resolves.toMatchObject({
      identity: { subjectAlternativeName: IDENTITY }
    })
    const { changed: byte, identity, issuer } = npm.refusals
    await refuses(BECAUSE_OF.changed, refused(verify(changed), byte))
    await refuses(BECAUSE_OF.identity, refused(verify(file, OTHER_IDENTITY), identity))
    await refuses(BECAUSE_OF.issuer, refused(verify(file, IDENTITY, OTHER_ISSUER), issuer))
    const unknown = await job.rootWithout(...logs(), job.services.urls.tsa)
    const without = refused(verify(file, IDENTITY, ISSUER, unknown), 'timestamp')
    await refuses(BECAUSE_OF.authority, without)
  })

  for (const peer of [cosign, cosign2, npm]) {
    const what = `a file, signed with ${peer.commands.sign}`
    cell({ ...peer, direction: 'we verify theirs', what, log }, async refuses => {
      const bundle = `${peer.program}-${peer.version}-timestamp.json`
      await peer.sign(job, 'theirs', bundle, 'timestamp')
      const asked = { files: 'theirs', bundle }
      const inputs = { ...asked, 'trusted-root': await job.rootWithout(...logs()) }
      await weVerify(job, inputs, refuses)
      const refused = async (trustedRoot: string, code: string): Promise<void> => {
        await weRefuse(job, { ...inputs, 'trusted-root': trustedRoot }, code)
      }
      const unknown = await job.rootWithout(...logs(), job.services.urls.tsa)
      await refuses(BECAUSE_OF.authority, refused(unknown, 'TIMESTAMP_INVALID'))
      // Of an instance that has logs, a bundle without an entry is not one.
      const { trustedRoot } = job.services
      await refuses('a root with logs', refused(trustedRoot, 'LOG_ENTRY_MISSING'))
    })
  }
})

const read = async (name: string): Promise<Buffer> => await readFile(join(job.workspace, name))
