import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { findBundles } from '../../src/registry/attachments/bundle.ts'
import { findLegacy, legacyForm } from '../../src/registry/attachments/legacy.ts'
import { referrersForm } from '../../src/registry/attachments/referrers.ts'
import { parseChallenges } from '../../src/registry/challenge.ts'
import type { Registry } from '../../src/registry/client.ts'
import { findCredentials } from '../../src/registry/credentials.ts'
import type { Descriptor } from '../../src/registry/descriptor.ts'
import { digestOf } from '../../src/registry/digest.ts'
import { findPlatforms, readIndex } from '../../src/registry/image-index.ts'
import { getManifest, type Manifest } from '../../src/registry/manifest.ts'
import { parseReference, type Repository } from '../../src/registry/reference.ts'
import { listReferrers } from '../../src/registry/referrers.ts'
import { tokenService } from '../../src/registry/realm.ts'
import type { Transport } from '../../src/registry/transport.ts'
import { fakeLog } from '../http/loopback.ts'
import { expectOnlyOurs, mutants, textOf } from './property.ts'

const REPOSITORY: Repository = { host: 'ghcr.io', path: 'o/app', name: 'ghcr.io/o/app' }
const INDEX = 'application/vnd.oci.image.index.v1+json'
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const DIGEST = digestOf(Buffer.from('x'))

const descriptor = (mediaType: string): Descriptor => ({
  mediaType,
  size: 2,
  digest: DIGEST,
  annotations: { 'org.opencontainers.image.created': '2026-01-01T00:00:00Z' }
})
const index = {
  schemaVersion: 2,
  mediaType: INDEX,
  manifests: [
    { ...descriptor(MANIFEST), platform: { os: 'linux', architecture: 'amd64' } },
    descriptor(INDEX)
  ]
}
const bundle = {
  schemaVersion: 2,
  mediaType: MANIFEST,
  artifactType: BUNDLE,
  config: descriptor('application/vnd.oci.empty.v1+json'),
  layers: [descriptor(BUNDLE)],
  subject: descriptor(MANIFEST)
}
const legacy = {
  ...bundle,
  layers: [descriptor('application/vnd.dev.cosign.simplesigning.v1+json')]
}

const manifest = (text: string, mediaType: string): Manifest => {
  const bytes = Buffer.from(text)
  return { bytes, mediaType, digest: digestOf(bytes) }
}

/** A registry that has this manifest under each name. */
function registryOf(found: Manifest, listed?: Descriptor[]): Registry {
  return {
    getManifest: () => Promise.resolve(found),
    putManifest: () => Promise.resolve(true),
    checkWritable: () => Promise.resolve(),
    getBlob: () => Promise.resolve(Buffer.from('{}')),
    putBlob: () => Promise.resolve(),
    listReferrers: () => Promise.resolve(listed)
  }
}

/** A registry that answers with this. */
function transportOf(text: string, headers: Record<string, string>): Transport {
  const answer = { status: 200, headers, body: Buffer.from(text) }
  return { send: () => Promise.resolve(answer) }
}

it('image references', async () => {
  const text = textOf(
    'ghcr.io',
    'localhost',
    ':',
    '/',
    '@',
    'sha256:',
    'a',
    '[::1]',
    '-',
    '.',
    '_',
    '0'
  )
  await expectOnlyOurs(text, each => {
    const { repository, tag, digest } = parseReference(each, 'images')
    // Nothing of it may become another part of the URL that is asked.
    const url = new URL(
      `https://${repository.host}/v2/${repository.path}/manifests/${digest ?? tag ?? ''}`
    )
    expect(url.host).toBe(repository.host.replace(/:443$/, ''))
    expect(url.pathname).toBe(`/v2/${repository.path}/manifests/${digest ?? tag ?? ''}`)
    expect(url.search + url.hash + url.username).toBe('')
  })
})

it('WWW-Authenticate, and where it sends for a token', async () => {
  const text = textOf(
    'Bearer',
    'Basic',
    ' ',
    ',',
    '=',
    '"',
    '\\',
    'realm="https://ghcr.io/t"',
    'a=b',
    '//',
    '\t'
  )
  await expectOnlyOurs(text, each => {
    for (const { parameters } of parseChallenges(each) ?? []) {
      const { hostname, protocol } = tokenService('ghcr.io', parameters.get('realm'))
      expect([hostname, protocol]).toEqual(['ghcr.io', 'https:'])
    }
  })
})

describe('documents of a registry', () => {
  it('indexes', async () => {
    await expectOnlyOurs(mutants(index), async text => {
      const found = manifest(text, INDEX)
      readIndex(found, 'It')
      await findPlatforms(registryOf(found), REPOSITORY, found)
    })
  })

  it('manifests', async () => {
    await expectOnlyOurs(fc.oneof(mutants(bundle), mutants(index)), async text => {
      await getManifest(transportOf(text, { 'content-type': MANIFEST }), REPOSITORY, 'v1')
    })
  })

  it('lists of referrers', async () => {
    const link = textOf(
      '<',
      '>',
      ';',
      ' ',
      'rel="next"',
      'rel=next',
      ',',
      '?n=1',
      'https://evil.example'
    )
    await expectOnlyOurs(fc.tuple(mutants(index), link), async ([text, each]) => {
      const headers = { 'content-type': INDEX, link: each }
      await listReferrers(transportOf(text, headers), REPOSITORY, DIGEST)
    })
  })

  it('the tag of referrers, which is written again', async () => {
    const form = referrersForm(REPOSITORY, 't')
    await expectOnlyOurs(mutants(index), async text => {
      const { bytes } = await form.write(form.read(manifest(text, INDEX)))
      expect(form.read(manifest(bytes.toString(), INDEX))).toBeDefined()
    })
  })

  it("cosign's tag, which is written again", async () => {
    const form = legacyForm(registryOf(manifest('{}', MANIFEST)), REPOSITORY, 't')
    await expectOnlyOurs(mutants(legacy), async text => {
      const content = form.read(manifest(text, MANIFEST))
      content.entries.map(entry => form.name(entry))
      await form.write(content)
    })
  })

  it('attachments', async () => {
    await expectOnlyOurs(mutants(bundle), async text => {
      const registry = registryOf(manifest(text, MANIFEST), [descriptor(MANIFEST)])
      await findBundles(registry, REPOSITORY, DIGEST)
    })
    await expectOnlyOurs(mutants(legacy), async text => {
      await findLegacy(registryOf(manifest(text, MANIFEST)), REPOSITORY, DIGEST)
    })
  })
})

describe('credentials', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hostile-'))
    const helper = join(folder, 'docker-credential-a')
    await writeFile(helper, '#!/bin/sh\ncat "$DOCKER_CONFIG/answer"\n')
    await chmod(helper, 0o755)
  })
  afterAll(async () => {
    await rm(folder, { recursive: true })
  })
  const find = async (): Promise<unknown> => {
    const PATH = [folder, process.env.PATH].join(delimiter)
    return await findCredentials('ghcr.io', { DOCKER_CONFIG: folder, PATH }, fakeLog())
  }

  it("docker's configuration", async () => {
    const config = {
      auths: { 'ghcr.io': { auth: 'dTpw' }, 'https://index.docker.io/v1/': { identitytoken: 't' } },
      credHelpers: { 'example.com': 'missing' }
    }
    await expectOnlyOurs(mutants(config), async text => {
      await writeFile(join(folder, 'config.json'), text)
      await find()
    })
  })

  it("a helper's output", async () => {
    await writeFile(join(folder, 'config.json'), '{"credsStore":"a"}')
    const answer = mutants({ ServerURL: 'x', Username: '<token>', Secret: 's' })
    // Each is a process.
    const runs = 15
    await expectOnlyOurs(
      answer,
      async text => {
        await writeFile(join(folder, 'answer'), text)
        await find()
      },
      runs
    )
  })
})
