import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { pushImage } from '../../sandbox/image.ts'
import { getJson, push, referrersOf } from './image.ts'
import { checkedResults } from './results.ts'
import { useScene } from './scene.ts'

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
const SIGN = 'https://sigstore.dev/cosign/sign/v1'
const PLATFORMS = ['linux/amd64', 'linux/arm64'] as const

const scene = useScene()
/** How many requests each service got while something ran. */
async function asked(run: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = (await scene.sandbox.requests()).length
  await run()
  const after = (await scene.sandbox.requests()).slice(before)
  return Object.fromEntries(
    ['oidc', 'fulcio', 'rekor', 'tsa'].map(name => [
      name,
      after.filter(({ service }) => service === name).length
    ])
  )
}

describe('an image', () => {
  it('is signed with a bundle that refers to it, as cosign 3 has it', async () => {
    const image = await push(scene)

    const run = await scene.sign({ images: image.ref })

    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { signed: '1' } })
    const [referrer, ...others] = await referrersOf(image)
    expect(others).toEqual([])
    const manifest = await getJson(
      `${image.url}/v2/${image.path}/manifests/${referrer?.digest ?? ''}`
    )
    expect(manifest).toMatchObject({
      artifactType: BUNDLE,
      subject: { digest: image.digest, mediaType: image.mediaType, size: image.size },
      annotations: {
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': SIGN
      }
    })
    const [layer] = manifest.layers as { digest: string }[]
    const bundle = await getJson(`${image.url}/v2/${image.path}/blobs/${layer?.digest ?? ''}`)
    const { payload } = bundle.dsseEnvelope as { payload: string }
    expect(JSON.parse(Buffer.from(payload, 'base64').toString())).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: image.name, digest: { sha256: image.digest.slice(7) }, annotations: {} }],
      predicateType: SIGN,
      predicate: {}
    })
    const { subjects } = await checkedResults('sign', run.outputs['results-path'])
    const attached = `${image.name}@${referrer?.digest ?? ''}`
    expect(subjects).toMatchObject([
      { kind: 'image', name: image.ref, published: { registry: { bundle: attached } } }
    ])
    expect(run.outputs['verify-commands']).toMatch(
      new RegExp(`^cosign verify --trusted-root \\S+ .* ${image.ref}$`)
    )
    expect(run.summary).toContain('1 image(s) signed')
    expect(run.summary).toContain(`      ${image.ref}`)

    const verified = await scene.verify({ images: image.ref })

    expect(verified).toMatchObject({
      exitCode: 0,
      outputs: { verified: 'true', images: image.ref }
    })
    expect(
      (await checkedResults('verify', verified.outputs['results-path'])).subjects
    ).toMatchObject([{ kind: 'image', name: image.ref, passed: [{ bundle: attached }] }])
  })

  it('is found by the fallback tag where the registry has no referrers API', async () => {
    const image = await push(scene, 'registry2')
    await scene.sandbox.setRegistry({ service: 'registry2', etags: true })

    expect(await scene.sign({ images: image.ref })).toMatchObject({ exitCode: 0 })

    const tag = `${image.url}/v2/${image.path}/manifests/${image.digest.replace(':', '-')}`
    expect(await getJson(tag)).toMatchObject({
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        { artifactType: BUNDLE, annotations: { 'dev.sigstore.bundle.predicateType': SIGN } }
      ]
    })
    expect(await scene.verify({ images: image.ref })).toMatchObject({ exitCode: 0 })
  })

  it('takes the digest and the tags that the steps before it print', async () => {
    const image = await push(scene, 'registry', { tag: 'v1' })
    const tags = `${image.name}:v1\n${image.name}:latest`.replace('octo-org', 'Octo-Org')

    const run = await scene.sign({ images: tags, digest: image.digest })

    expect(run).toMatchObject({ exitCode: 0, outputs: { signed: '1' } })
    expect(await referrersOf(image)).toHaveLength(1)
    expect(await scene.verify({ images: tags, digest: image.digest })).toMatchObject({
      outputs: { images: image.ref }
    })
  })

  it('is signed beside files, under one certificate', async () => {
    const image = await push(scene)
    await scene.write('a', 'one')
    await scene.write('b', 'two')
    const inputs = { images: image.ref, files: 'a' }

    const count = await asked(async () => {
      expect(await scene.sign(inputs)).toMatchObject({ exitCode: 0, outputs: { signed: '2' } })
    })

    expect(count).toEqual({ oidc: 1, fulcio: 1, rekor: 2, tsa: 2 })
    const verified = await scene.verify(inputs)
    expect(verified).toMatchObject({ outputs: { verified: 'true' } })
    expect(verified.summary).toContain('<h3>Keyless Sign: 1 image(s), 1 file(s) verified</h3>')
    const refused = await scene.verify({ ...inputs, files: 'b' })
    expect(refused.summary).toContain('1 file(s) of 2 subject(s) refused - do not release')
  })

  it('has its bundle in the artifact, too, where that is asked for', async () => {
    const image = await push(scene)

    const run = await scene.sign({ images: image.ref, publish: 'artifact' })

    expect(run).toMatchObject({ exitCode: 0 })
    expect(await referrersOf(image)).toEqual([])
    const { subjects } = await checkedResults('sign', run.outputs['results-path'])
    const [subject] = subjects
    const path = `${image.name.replace(':', '_')}/${image.digest.replace(':', '-')}.sigstore.json`
    expect(subject).toMatchObject({ published: { artifact: { name: 'sigstore-job-0', path } } })
    // What the summary tells a later job to do.
    expect(run.summary).toContain(`    bundle: |\n      ${path}\n`)
    expect(run.summary).not.toContain('    path: ')
    await scene.write('image.sigstore.json', await readFile(String(subject?.bundle), 'utf8'))
    expect(await scene.verify({ images: image.ref, bundle: 'image.sigstore.json' })).toMatchObject({
      exitCode: 0
    })
  })
})

describe('an image index', () => {
  it('is signed with every platform, one statement each, under one certificate', async () => {
    const index = await push(scene, 'registry', { platforms: PLATFORMS })
    const refs = [index.digest, ...Object.values(index.platforms)].map(
      digest => `${index.name}@${digest}`
    )

    const count = await asked(async () => {
      const run = await scene.sign({ images: index.ref })
      expect(run).toMatchObject({ exitCode: 0, outputs: { signed: '3' } })
      const { subjects } = await checkedResults('sign', run.outputs['results-path'])
      expect(subjects).toMatchObject([
        { name: refs[0] },
        { name: refs[1], platform: 'linux/amd64' },
        { name: refs[2], platform: 'linux/arm64' }
      ])
    })

    expect(count).toEqual({ oidc: 1, fulcio: 1, rekor: 3, tsa: 3 })
    for (const images of refs) {
      expect(await scene.verify({ images })).toMatchObject({ exitCode: 0, outputs: { images } })
    }
  })

  it('vouches for its platforms where it alone is signed, and for nothing else', async () => {
    const index = await push(scene, 'registry', { platforms: PLATFORMS, tag: 'v1' })
    const other = await pushImage(index.url, index.path, { content: 'another' })
    const platform = index.platforms['linux/arm64'] ?? ''

    const run = await scene.sign({ images: index.ref, recursive: 'false' })
    expect(run.outputs.signed).toBe('1')

    const tagged = await scene.verify({ images: `${index.name}:v1@${platform}` })
    expect(tagged).toMatchObject({ exitCode: 0 })
    expect((await checkedResults('verify', tagged.outputs['results-path'])).subjects).toMatchObject(
      [{ name: `${index.name}@${platform}`, passed: [{ index: index.digest }] }]
    )
    const beside = `${index.ref}\n${index.name}@${platform}`
    expect(await scene.verify({ images: beside })).toMatchObject({ exitCode: 0 })
    const alone = await scene.verify({ images: `${index.name}@${platform}` })
    expect(alone).toMatchObject({ exitCode: 1, outputs: { verified: 'false', images: '' } })
    expect(alone.annotations[0]?.message).toMatch(/\[NO_BUNDLE\]$/)
    const unlisted = await scene.verify({ images: `${index.name}:v1@${other.digest}` })
    expect(unlisted.annotations[0]?.message).toMatch(/\[NO_BUNDLE\]$/)
  })
})

describe('signature-format', () => {
  it('legacy writes what cosign 2 reads, beside what is there', async () => {
    const image = await push(scene)
    const inputs = { images: image.ref, 'signature-format': 'legacy' }

    const run = await scene.sign(inputs)
    expect(run).toMatchObject({ exitCode: 0 })
    await scene.sign({ ...inputs, annotations: 'a=b' })

    const tag = `${image.digest.replace(':', '-')}.sig`
    const manifest = await getJson(`${image.url}/v2/${image.path}/manifests/${tag}`)
    expect(manifest).toMatchObject({
      layers: [
        {
          mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
          annotations: {
            'dev.sigstore.cosign/certificate': expect.stringContaining('BEGIN CERTIFICATE'),
            'dev.sigstore.cosign/bundle': expect.stringContaining('SignedEntryTimestamp'),
            'dev.sigstore.cosign/rfc3161timestamp': expect.stringContaining('SignedRFC3161')
          }
        },
        {}
      ]
    })
    expect(await referrersOf(image)).toEqual([])
    const { subjects } = await checkedResults('sign', run.outputs['results-path'])
    expect(subjects).toMatchObject([
      { published: { registry: { legacy: expect.stringContaining(`${image.name}:${tag}`) } } }
    ])
    expect(run.outputs['verify-commands']).toContain('--new-bundle-format=false')
    expect(await scene.verify({ images: image.ref })).toMatchObject({ exitCode: 0 })
  })

  it('both writes both, and either is enough', async () => {
    const image = await push(scene)

    const run = await scene.sign({ images: image.ref, 'signature-format': 'both' })

    expect(run).toMatchObject({ exitCode: 0, outputs: { signed: '1' } })
    const { subjects } = await checkedResults('sign', run.outputs['results-path'])
    expect(subjects).toMatchObject([
      {
        published: { registry: { bundle: expect.any(String), legacy: expect.any(String) } },
        legacy: { logEntry: { version: 'v1' } }
      }
    ])
    expect(await scene.verify({ images: image.ref })).toMatchObject({ exitCode: 0 })
  })

  it('legacy takes Rekor v1 where the instance has a v2, too', async () => {
    const image = await push(scene)
    const run = await scene.sign({
      images: image.ref,
      'signature-format': 'legacy',
      'signing-config': scene.sandbox.signingConfigV2
    })
    expect(run).toMatchObject({ exitCode: 0 })
  })
})

describe('annotations', () => {
  it.each(['bundle', 'legacy'])('are signed along and asked for, %s', async format => {
    const image = await push(scene)
    const annotations = 'commit=<abc>&\nstage=prod=1'
    await scene.sign({ images: image.ref, annotations, 'signature-format': format })

    const verify = async (annotations: string) =>
      await scene.verify({ images: image.ref, annotations })
    expect(await verify(annotations)).toMatchObject({ exitCode: 0 })
    expect(await verify('stage=prod=1')).toMatchObject({ exitCode: 0 })
    const other = await verify('stage=test')
    expect(other.annotations[0]?.message).toMatch(/\[ANNOTATION_MISMATCH\]$/)
    const missing = await verify('release=1')
    expect(missing.annotations[0]?.message).toMatch(/\[ANNOTATION_MISMATCH\]$/)
  })
})

describe('a run again', () => {
  it('makes no second signature where one is there that says the same', async () => {
    const image = await push(scene, 'registry', { platforms: PLATFORMS })
    const inputs = { images: image.ref, 'signature-format': 'both' }
    await scene.sign(inputs)

    const count = await asked(async () => {
      const run = await scene.sign(inputs)
      expect(run).toMatchObject({ exitCode: 0, outputs: { signed: '3' } })
      expect(run.log).toContain(`Was signed already: ${image.ref}`)
      expect(run.summary).toContain('<p>Was signed before: ')
    })

    expect(count).toMatchObject({ fulcio: 0, rekor: 0, tsa: 0 })
    expect(await referrersOf(image)).toHaveLength(1)
  })

  it.each([
    ['with other annotations', { annotations: 'a=b' }, {}],
    ['for another commit', {}, { sha: 'f'.repeat(40) }]
  ])('signs anew %s', async (_, inputs, claims) => {
    const image = await push(scene)
    await scene.sign({ images: image.ref })
    await scene.sandbox.setClaims(claims)

    const run = await scene.sign({ images: image.ref, ...inputs })

    await scene.sandbox.setClaims({ sha: scene.sandbox.env.GITHUB_SHA })
    expect(run).toMatchObject({ exitCode: 0 })
    expect(await referrersOf(image)).toHaveLength(2)
  })

  it('signs only what is missing', async () => {
    const image = await push(scene)
    await scene.sign({ images: image.ref })

    const count = await asked(
      async () => await scene.sign({ images: image.ref, 'signature-format': 'both' })
    )

    expect(count).toMatchObject({ rekor: 1 })
    expect(await referrersOf(image)).toHaveLength(1)
  })
})

it('signs a hundred images with one certificate', async () => {
  const digests = []
  for (let i = 0; i < 100; i++) {
    const image = await pushImage(scene.sandbox.urls.registry, 'octo-org/many', {
      content: `image ${i}`
    })
    digests.push(`${new URL(scene.sandbox.urls.registry).host}/octo-org/many@${image.digest}`)
  }
  const inputs = { images: digests.join('\n') }

  const count = await asked(async () => {
    expect(await scene.sign(inputs)).toMatchObject({ exitCode: 0, outputs: { signed: '100' } })
  })

  expect(count).toEqual({ oidc: 1, fulcio: 1, rekor: 100, tsa: 100 })
  expect(await scene.verify(inputs)).toMatchObject({ exitCode: 0 })
})
