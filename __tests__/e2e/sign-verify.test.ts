import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { checkedResults } from './results.ts'
import { useScene } from './scene.ts'

const IDENTITY =
  'https://github.com/octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'

const scene = useScene()

describe('sign', () => {
  it('puts a v0.3 bundle beside each file and says so to people and to later steps', async () => {
    await scene.write('dist/a.onnx', 'weights a')
    await scene.write('dist/b c.onnx', 'weights b')

    const run = await scene.sign({ files: 'dist/*.onnx' })

    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
    const bundle = JSON.parse(await scene.read('dist/a.onnx.sigstore.json')) as {
      mediaType: string
      messageSignature: { messageDigest: { digest: string } }
      verificationMaterial: Record<string, unknown>
    }
    expect(bundle.mediaType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json')
    expect(bundle.messageSignature.messageDigest.digest).toBe(
      createHash('sha256').update('weights a').digest('base64')
    )
    expect(Object.keys(bundle.verificationMaterial).sort()).toEqual([
      'certificate',
      'timestampVerificationData',
      'tlogEntries'
    ])
    expect(run.outputs.signed).toBe('2')
    expect((await readdir(run.outputs['bundle-dir'] ?? '')).sort()).toEqual([
      'a.onnx.sigstore.json',
      'b c.onnx.sigstore.json'
    ])
    expect(run.outputs['verify-commands']?.split('\n')[1]).toBe(
      `cosign verify-blob --trusted-root ${scene.sandbox.trustedRoot} --bundle 'dist/b c.onnx.sigstore.json' --certificate-identity ${IDENTITY} --certificate-oidc-issuer https://token.actions.githubusercontent.com 'dist/b c.onnx'`
    )
    expect((await checkedResults('sign', run.outputs['results-path'])).subjects).toMatchObject([
      { kind: 'file', name: 'dist/a.onnx', identity: { subjectAlternativeName: IDENTITY } },
      { kind: 'file', name: 'dist/b c.onnx' }
    ])
    expect(run.summary).toContain('<h3>Keyless Sign: 2 file(s) signed</h3>')
    expect(run.summary).toContain('workflow octo-org/octo-models/.github/workflows/release.yml')
  })

  it('signs any number of files with one certificate, and the same content once', async () => {
    for (let i = 0; i < 20; i++) await scene.write(`f${i}`, `content ${i % 10}`)
    const before = (await scene.sandbox.requests()).length

    const run = await scene.sign({ files: 'f*' })

    expect(run).toMatchObject({ exitCode: 0, outputs: { signed: '20' } })
    const services = (await scene.sandbox.requests()).slice(before).map(({ service }) => service)
    expect(services.filter(service => service === 'oidc')).toHaveLength(1)
    expect(services.filter(service => service === 'fulcio')).toHaveLength(1)
    expect(services.filter(service => service === 'rekor')).toHaveLength(10)
    expect(services.filter(service => service === 'tsa')).toHaveLength(10)
    expect(await scene.read('f3.sigstore.json')).toBe(await scene.read('f13.sigstore.json'))
  })

  it('leaves bundles among the matches out, and signs again over an older bundle', async () => {
    await scene.write('a', 'one')
    await scene.sign({ files: '*' })
    const first = await scene.read('a.sigstore.json')

    const run = await scene.sign({ files: '*' })

    expect(run.outputs.signed).toBe('1')
    expect(run.log).toContain('Left out a.sigstore.json')
    expect(await scene.read('a.sigstore.json')).not.toBe(first)
  })

  it('writes no summary where none is wanted', async () => {
    await scene.write('a', 'one')
    const run = await scene.sign({ files: 'a', 'show-summary': 'false' })
    expect(run).toMatchObject({ exitCode: 0, summary: '' })
  })
})

describe('publishing', () => {
  it('goes on past a bundle that cannot be written, and says which were and which not', async () => {
    await scene.write('a', 'one')
    await scene.write('b', 'two')
    await scene.sandbox.fault({ service: 'tsa', kind: 'slow', seconds: 1 })
    const before = (await scene.sandbox.requests()).length

    const signing = scene.sign({ files: 'a\nb' })
    const asked = async (): Promise<boolean> =>
      (await scene.sandbox.requests()).slice(before).some(({ service }) => service === 'tsa')
    while (!(await asked())) await setTimeout(10)
    await mkdir(join(scene.workspace, 'b.sigstore.json'))
    const run = await signing

    expect(run).toMatchObject({ exitCode: 1, outputs: { signed: '1' } })
    expect(run.annotations).toMatchObject([
      { level: 'error', file: 'b', message: expect.stringContaining('b.sigstore.json') },
      {
        level: 'error',
        message: expect.stringMatching(
          /1 of 2 bundles are beside their files, and all are in the artifact sigstore-job-0; .* \[PUBLISH_FAILED\]$/
        )
      }
    ])
    expect(run.summary).toMatch(
      /^<h3>Keyless Sign: 1 file\(s\) of 2 subject\(s\) not published every/
    )
    expect(run.summary).toMatch(
      /<td><code>b<\/code><\/td><td>.*b\.sigstore\.json.* \[WRITE_FAILED\]</
    )
    const artifact = { name: 'sigstore-job-0' }
    const local = join(scene.workspace, 'a.sigstore.json')
    expect((await checkedResults('sign', run.outputs['results-path'])).subjects).toMatchObject([
      { name: 'a', published: { local, artifact } },
      { name: 'b', published: { artifact }, error: { code: 'WRITE_FAILED' } }
    ])
    const collected = join(run.outputs['bundle-dir'] ?? '', 'b.sigstore.json')
    expect(await scene.verify({ files: 'b', bundle: collected })).toMatchObject({ exitCode: 0 })
  })
})

describe('verify', () => {
  it('accepts, in the same workflow and without any identity input, what sign made', async () => {
    await scene.write('a', 'one')
    await scene.sign({ files: 'a' })

    const run = await scene.verify({ files: 'a' })

    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { verified: 'true' } })
    expect((await checkedResults('verify', run.outputs['results-path'])).subjects).toMatchObject([
      {
        name: 'a',
        verified: true,
        refused: [],
        passed: [{ bundle: 'a.sigstore.json', identity: { subjectAlternativeName: IDENTITY } }]
      }
    ])
    expect(run.summary).toContain('1 file(s) verified')
  })

  it('refuses a file after one byte changed, and says which', async () => {
    await scene.write('good', 'one')
    await scene.write('bad', 'two')
    await scene.sign({ files: 'good\nbad' })
    await scene.write('bad', 'twp')

    const run = await scene.verify({ files: 'good\nbad' })

    expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
    expect(run.annotations).toMatchObject([
      {
        level: 'error',
        file: 'bad',
        message: expect.stringMatching(/^bad \(bad\.sigstore\.json\): .*\[DIGEST_MISMATCH\]$/)
      },
      { level: 'error', message: expect.stringContaining('[NOT_VERIFIED]') }
    ])
    expect((await checkedResults('verify', run.outputs['results-path'])).subjects).toMatchObject([
      { name: 'bad', verified: false, error: { code: 'DIGEST_MISMATCH' } },
      { name: 'good', verified: true }
    ])
    expect(run.summary).toContain('do not release')
  })

  it('refuses a file without a bundle, and one whose bundle is that of another', async () => {
    await scene.write('a', 'one')
    await scene.write('b', 'two')
    await scene.sign({ files: 'a' })
    expect(await scene.verify({ files: 'b' })).toMatchObject({
      exitCode: 1,
      annotations: [{ message: expect.stringContaining('[NO_BUNDLE]') }, {}]
    })
    await scene.write('b.sigstore.json', await scene.read('a.sigstore.json'))
    expect(await scene.verify({ files: 'b' })).toMatchObject({
      exitCode: 1,
      annotations: [{ message: expect.stringContaining('[DIGEST_MISMATCH]') }, {}]
    })
  })

  it('finds the good bundle among junk, in the files that "bundle" names', async () => {
    await scene.write('a', 'one')
    await scene.sign({ files: 'a' })
    const good = JSON.stringify(JSON.parse(await scene.read('a.sigstore.json')))
    await scene.write('bundles/all.jsonl', `{}\nnot json\n${good}\n`)

    const run = await scene.verify({ files: 'a', bundle: 'bundles/*' })

    expect(run).toMatchObject({ exitCode: 0, outputs: { verified: 'true' } })
    const [subject] = (await checkedResults('verify', run.outputs['results-path'])).subjects
    expect(subject).toMatchObject({
      passed: [{ bundle: 'bundles/all.jsonl:3' }],
      refused: [{}, { error: { code: 'JSON_INVALID' } }]
    })
  })

  it('lets no file pass unverified because it is named like a bundle', async () => {
    await scene.write('a', 'one')
    await scene.sign({ files: 'a' })
    expect(await scene.verify({ files: '*' })).toMatchObject({ outputs: { verified: 'true' } })
    await scene.write('run.sigstore.json', '#!/bin/sh')
    const run = await scene.verify({ files: '*' })
    expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
    expect(run.annotations[0]?.message).toContain('run.sigstore.json is named like a bundle')
  })

  it('needs no more than the folder it is checked out to', async () => {
    await scene.write('a', 'one')
    await scene.sign({ files: 'a' })
    const env = { GITHUB_TOKEN: '', ACTIONS_RUNTIME_TOKEN: '' }
    const before = (await scene.sandbox.requests()).length
    expect(await scene.verify({ files: 'a' }, { env })).toMatchObject({ exitCode: 0 })
    expect(await scene.sandbox.requests()).toHaveLength(before)
  })
})

describe('both', () => {
  it('take names that a shell, Markdown or the runner would stumble over', async () => {
    const names = ["it's.bin", '$(x) `y`.bin', 'a|b<i>.bin', '::error::x.bin', '-dash.bin']
    for (const name of names) await scene.write(name, name)

    const run = await scene.sign({ files: '*.bin', publish: 'local' })

    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { signed: '5' } })
    expect(run.summary).toContain('<code>a|b&#60;i&#62;.bin</code>')
    expect(await scene.verify({ files: '*.bin' })).toMatchObject({
      exitCode: 0,
      annotations: [],
      outputs: { verified: 'true' }
    })
    expect(await readdir(scene.workspace)).toHaveLength(10)
    expect(await readFile(join(scene.workspace, "it's.bin.sigstore.json"), 'utf8')).toContain('{')
  })
})
