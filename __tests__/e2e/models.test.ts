import { createHash } from 'node:crypto'
import { rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { download } from './download.ts'
import { checkedResults } from './results.ts'
import { useScene } from './scene.ts'

const OMS = 'https://model_signing/signature/v1.0'
const ISSUER = 'https://token.actions.githubusercontent.com'
const IDENTITY =
  'https://github.com/octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'

/** The worked example of research/oms.md §1.8. */
const FILES = {
  'config.json': '{"architectures":["Toy"]}\n',
  'empty.bin': '',
  'model-00001-of-00002.safetensors': 'weights-0',
  'model-00002-of-00002.safetensors': 'weights-1',
  'tokenizer/vocab.txt': 'hello',
  '.gitattributes': 'x'
}
const ROOT = '102bcc8bea4f95aa00aeb25a5d2068d5fe14ecd05230d2c68df3b76ef7840f86'

const scene = useScene()

async function writeModel(name = 'my-model'): Promise<void> {
  for (const [file, content] of Object.entries(FILES)) {
    await scene.write(`${name}/${file}`, content)
  }
}

/** The statement in a signature in the workspace. */
async function statementIn(path: string): Promise<Record<string, unknown>> {
  const bundle = JSON.parse(await scene.read(path)) as { dsseEnvelope: { payload: string } }
  const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString()
  return JSON.parse(payload) as Record<string, unknown>
}

/** As sha256sum prints them. */
function sum(files: Record<string, string>): string {
  return Object.entries(files)
    .map(([name, content]) => `${createHash('sha256').update(content).digest('hex')}  ${name}\n`)
    .join('')
}

describe('a model', () => {
  it('is signed without what a run left that was killed as it wrote the signature', async () => {
    await writeModel()
    await scene.write('my-model/model.sig.partial.sigstore.json', 'half a bundle')

    await scene.sign({ models: 'my-model' })

    expect(await scene.verify({ models: 'my-model' })).toMatchObject({ exitCode: 0 })
  })

  it('is one OMS signature in its folder, which verifies', async () => {
    await writeModel()

    const run = await scene.sign({ models: 'my-model' })

    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { signed: '1' } })
    expect(await statementIn('my-model/model.sig')).toMatchObject({
      subject: [{ name: 'my-model', digest: { sha256: ROOT } }],
      predicateType: OMS,
      predicate: {
        serialization: {
          ignore_paths: ['.git', '.gitattributes', '.github', '.gitignore', 'model.sig']
        }
      }
    })
    const bundle = JSON.parse(await scene.read('my-model/model.sig')) as { mediaType: string }
    expect(bundle.mediaType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json')
    const { trustedRoot } = scene.sandbox
    expect(run.outputs['verify-commands']?.split('\n')).toEqual([
      `jq '{mediaType: "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json", trustedRoot: ., signingConfig: {mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json"}}' ${trustedRoot} | model_signing verify sigstore --trust_config /dev/stdin --signature my-model/model.sig --identity ${IDENTITY} --identity_provider ${ISSUER} my-model`,
      `cosign verify-blob-attestation --trusted-root ${trustedRoot} --bundle my-model/model.sig --type ${OMS} --digest ${ROOT} --digestAlg sha256 --certificate-identity ${IDENTITY} --certificate-oidc-issuer ${ISSUER}`
    ])
    expect((await checkedResults('sign', run.outputs['results-path'])).subjects).toMatchObject([
      {
        kind: 'model',
        name: 'my-model',
        digest: { sha256: ROOT },
        files: 5,
        pickles: [],
        published: {
          local: join(scene.workspace, 'my-model/model.sig'),
          artifact: { name: 'sigstore-job-0', path: 'my-model/model.sig' }
        }
      }
    ])
    expect(run.log).toContain('Hashing 5 file(s) of my-model.')
    expect(run.summary).toContain('1 model(s) signed')
    expect(run.summary).toContain('model of 5 file(s)')
    expect(run.summary).toContain('\n```yaml\n# Bring the model(s), the trusted root here first')
    expect(run.summary).toContain(`    trusted-root: |\n      ${scene.sandbox.trustedRoot}\n`)
    expect(run.summary).toContain('    models: |\n      my-model\n')
    expect(run.summary).toContain('\n```sh\njq ')

    const verified = await scene.verify({ models: 'my-model' })

    expect(verified).toMatchObject({ exitCode: 0, outputs: { verified: 'true' } })
    const { subjects } = await checkedResults('verify', verified.outputs['results-path'])
    expect(subjects).toMatchObject([
      {
        kind: 'model',
        name: 'my-model',
        digest: { sha256: ROOT },
        passed: [{ bundle: 'my-model/model.sig', predicateType: OMS }]
      }
    ])
    expect(verified.summary).toContain('<td>signature</td>')
  })

  it('signed again, beside its old signature and a new file, is one model again', async () => {
    await writeModel()
    await scene.sign({ models: 'my-model' })
    await scene.write('my-model/more', 'more')
    expect(await scene.verify({ models: 'my-model' })).toMatchObject({ exitCode: 1 })
    expect(await scene.sign({ models: 'my-model' })).toMatchObject({ exitCode: 0 })
    expect(await scene.verify({ models: 'my-model' })).toMatchObject({ exitCode: 0 })
  })

  it('may be a single file, in Rekor v2, under whatever name it has by then', async () => {
    await scene.write('models/a model.gguf', 'GGUFdata')
    const run = await scene.sign({
      models: 'models/a model.gguf',
      'signing-config': scene.sandbox.signingConfigV2
    })
    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
    expect(await statementIn('models/a model.gguf.sig')).toMatchObject({
      subject: [
        { digest: { sha256: '9660dc61ce8c1c04314d4c8b6c3d9a5036524b7032db3e2dfc3d63d383abf6c2' } }
      ],
      predicate: { resources: [{ name: '.' }] }
    })
    expect(run.outputs['verify-commands']).toContain("--bundle 'models/a model.gguf.sig'")
    const models = 'models/a model.gguf'
    expect(await scene.verify({ models })).toMatchObject({ exitCode: 0 })
    await rename(join(scene.workspace, models), join(scene.workspace, 'b.gguf'))
    const bundle = 'models/*.sig'
    expect(await scene.verify({ models: 'b.gguf', bundle })).toMatchObject({ exitCode: 0 })
  })

  it('may be the workspace itself', async () => {
    await scene.write('.github/workflows/x.yml', 'x')
    await scene.write('weights', 'w')
    const run = await scene.sign({ models: '.' })
    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
    const { subjects } = await checkedResults('sign', run.outputs['results-path'])
    expect(subjects).toMatchObject([
      { name: '.', files: 1, published: { artifact: { path: 'model.sig' } } }
    ])
    expect(run.outputs['verify-commands']).toContain('--bundle model.sig ')
    expect(await scene.verify({ models: '.' })).toMatchObject({ exitCode: 0 })
  })

  it('is signed beside files and another model, with one certificate, and all land in one folder', async () => {
    await writeModel('out/one')
    await scene.write('out/two/a', 'a')
    await scene.write('out/app', 'app')
    const inputs = { models: 'out/one\nout/two\nout/one/', files: 'out/app' }
    const before = (await scene.sandbox.requests()).length

    const run = await scene.sign({ ...inputs, publish: 'artifact' })

    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { signed: '3' } })
    const asked = (await scene.sandbox.requests()).slice(before)
    expect(asked.filter(({ service }) => service === 'fulcio')).toHaveLength(1)
    expect(asked.filter(({ service }) => service === 'rekor')).toHaveLength(3)
    const missing = await scene.verify(inputs)
    expect(missing.annotations[0]?.message).toContain('there is no out/one/model.sig')
    expect(missing.annotations[0]?.message).toContain('[NO_BUNDLE]')
    await download(scene, 'sigstore-', join(scene.workspace, 'out'))
    expect(await scene.verify(inputs)).toMatchObject({ exitCode: 0 })
  })

  it('takes what lies outside for an own file only where that was named', async () => {
    await writeModel()
    await scene.write('my-model/logs/run.txt', 'now')
    const inputs = { models: 'my-model', 'ignore-paths': 'my-model/logs' }
    const run = await scene.sign(inputs)
    expect(run.summary).toContain('    ignore-paths: |\n      my-model/logs\n')
    expect(await scene.verify({ models: 'my-model' })).toMatchObject({ exitCode: 0 })
    await scene.write('my-model/notes/n.txt', 'now')
    const verify = await scene.verify({ models: 'my-model' })
    expect(verify.annotations[0]?.message).toContain('neither signed nor ignored ("notes/n.txt")')
    const ignoring = { models: 'my-model', 'ignore-paths': 'my-model/notes' }
    expect(await scene.verify(ignoring)).toMatchObject({ exitCode: 0 })
  })

  it('with links to files in it is signed where links are allowed', async () => {
    await writeModel()
    await symlink('config.json', join(scene.workspace, 'my-model/link.json'))
    const run = await scene.sign({ models: 'my-model', 'allow-symlinks': 'true' })
    expect(run).toMatchObject({ exitCode: 0 })
    expect(run.summary).toContain("    allow-symlinks: 'true'")
    expect(await scene.verify({ models: 'my-model' })).toMatchObject({ exitCode: 0 })
    await rm(join(scene.workspace, 'my-model/link.json'))
    await scene.write('my-model/link.json', FILES['config.json'])
    expect(await scene.verify({ models: 'my-model' })).toMatchObject({ exitCode: 0 })
  })

  it('is refused nothing for its pickles, which are warned of', async () => {
    await scene.write('my-model/w.pt', Buffer.from('gAJ9cQAu', 'base64'))
    await scene.write('my-model/config.json', '{}')
    const run = await scene.sign({ models: 'my-model' })
    expect(run).toMatchObject({ exitCode: 0 })
    expect(run.annotations).toMatchObject([
      {
        level: 'warning',
        message: expect.stringMatching(/are some: my-model: w\.pt\. .*safetensors/)
      }
    ])
    expect(run.summary).toContain('<th>Use instead</th>')
    const { subjects } = await checkedResults('sign', run.outputs['results-path'])
    expect(subjects).toMatchObject([{ pickles: [{ name: 'w.pt', why: 'a pickle' }] }])
  })
})

describe('checksums', () => {
  const { '.gitattributes': attributes, 'config.json': config, ...weights } = FILES

  it('sign a model that is not here, which verifies where it is', async () => {
    const checksums = sum({ 'config.json': config, ...weights })

    const run = await scene.sign({ models: 'my-model', checksums })

    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
    expect(run.log).toContain('hashed elsewhere; none of them is read here')
    expect(run.summary).toMatch(/by digests that were given as checksums: .* looked for pickles/)
    const { subjects } = await checkedResults('sign', run.outputs['results-path'])
    expect(subjects).toMatchObject([{ digest: { sha256: ROOT }, files: 5, hashedElsewhere: true }])
    expect(subjects[0]).not.toHaveProperty('pickles')
    await writeModel()
    expect(await scene.verify({ models: 'my-model' })).toMatchObject({ exitCode: 0 })
    await scene.write('my-model/empty.bin', 'no more')
    expect(await scene.verify({ models: 'my-model' })).toMatchObject({ exitCode: 1 })
  })

  it('come from files of several jobs, in any order, and what is ignored is left out', async () => {
    await writeModel()
    await scene.write('parts/1.sha256', sum({ ...weights, '.gitattributes': attributes }))
    await scene.write('parts/0.sha256', sum({ 'config.json': config }))

    const run = await scene.sign({ models: 'my-model', checksums: 'parts/*' })

    expect(run).toMatchObject({ exitCode: 0 })
    expect(run.log).toContain('Left out 1 line(s) of checksums')
    const verified = await scene.verify({ models: 'my-model' })
    expect(verified).toMatchObject({ exitCode: 0 })
    const { subjects } = await checkedResults('verify', verified.outputs['results-path'])
    expect(subjects).toMatchObject([{ digest: { sha256: ROOT } }])
  })
})
