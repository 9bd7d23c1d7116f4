import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SignOptions, VerifyOptions } from 'sigstore'
import packageJson from '../../../package.json' with { type: 'json' }
import { IDENTITY, ISSUER } from '../job.ts'
import { publish } from '../tuf.ts'
import type { Peer } from './peer.ts'

const SCRIPT = '__tests__/interop/npm-sigstore.ts'

/** It knows no signing config, and no trust but by TUF. */
export const npm: Peer = {
  ...{ program: 'sigstore (npm)', version: packageJson.devDependencies.sigstore },
  commands: { sign: '`sign()`', verify: '`verify()` and trust by TUF' },
  sign: async (job, file, bundle, witness) => {
    if (witness === 'rekor-v2') throw new Error('sigstore signs only with Rekor v1')
    const { fulcio, tsa, 'rekor-v1': rekor } = job.services.urls
    const options: SignOptions = {
      ...{ fulcioURL: fulcio, tsaServerURL: tsa, identityToken: await job.token() },
      ...(witness === 'rekor-v1' ? { rekorURL: rekor } : { tlogUpload: false })
    }
    await job.runScript(SCRIPT, 'sign', JSON.stringify(options), file, bundle)
  },
  verify: async (job, { file, bundle, identity = IDENTITY, issuer = ISSUER, without = [] }) => {
    const root = await readFile(await job.rootWithout(...without), 'utf8')
    const published = await publish(root)
    const folder = await mkdtemp(join(tmpdir(), 'tuf-'))
    try {
      const tufRootPath = join(folder, 'root.json')
      await writeFile(tufRootPath, published.root)
      const options: VerifyOptions = {
        ...{ certificateIdentityURI: identity, certificateIssuer: issuer },
        ...{ tufMirrorURL: published.url, tufRootPath, tufCachePath: join(folder, 'cache') }
      }
      await job.runScript(SCRIPT, 'verify', JSON.stringify(options), file, bundle)
    } finally {
      published.close()
      await rm(folder, { recursive: true })
    }
  },
  refusals: {
    changed: 'signature verification failed',
    identity: 'certificate identity error',
    issuer: 'invalid certificate ext',
    // Of a promise or of a checkpoint: its sentences differ.
    log: "code: 'TLOG_INCLUSION_"
  }
}
