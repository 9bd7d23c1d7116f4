import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, rm, stat, symlink, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { expectRefusal } from './refusal.ts'
import { checkedResults, type Results } from './results.ts'
import type { ActionRun } from './runner.ts'
import { useScene } from './scene.ts'

const scene = useScene()

const HEX = 'a'.repeat(64)

async function writeModel(name = 'm'): Promise<void> {
  await scene.write(`${name}/config.json`, '{}')
  await scene.write(`${name}/sub/weights`, 'weights')
}

/** The step was refused before anything was asked of a service, and wrote nothing into the workspace. */
async function expectUnsigned(
  inputs: Record<string, string>,
  code: string,
  words: string | RegExp
): Promise<void> {
  const before = (await scene.sandbox.requests()).length
  const files = await readdir(scene.workspace, { recursive: true })
  expectRefusal(await scene.sign(inputs), code, words)
  expect((await scene.sandbox.requests()).slice(before)).toEqual([])
  expect(await readdir(scene.workspace, { recursive: true })).toEqual(files)
}

describe('sign refuses a model', () => {
  it('that is not there, or is empty', async () => {
    await expectUnsigned({ models: 'm' }, 'NO_SUBJECT', 'there is no "m"')
    await mkdir(join(scene.workspace, 'm/folder'), { recursive: true })
    await scene.write('m/.gitattributes', 'x')
    await expectUnsigned({ models: 'm' }, 'MODEL_EMPTY', 'has no file that is not ignored')
    await expectUnsigned({ models: '' }, 'INPUT_INVALID', 'models is empty')
  })

  it('with a symbolic link, where none is allowed, and with one out of it in any case', async () => {
    await writeModel()
    await symlink('config.json', join(scene.workspace, 'm/link'))
    await expectUnsigned({ models: 'm' }, 'MODEL_LINK', '"m/link" is a symbolic link')
    await rm(join(scene.workspace, 'm/link'))
    await symlink('/etc/passwd', join(scene.workspace, 'm/link'))
    const inputs = { models: 'm', 'allow-symlinks': 'true' }
    await expectUnsigned(inputs, 'MODEL_LINK', 'outside the model')
  })

  it('with a pipe', async () => {
    await writeModel()
    execFileSync('mkfifo', [join(scene.workspace, 'm/pipe')])
    await expectUnsigned({ models: 'm' }, 'FILE_NOT_REGULAR', '"m/pipe" is not a regular file')
  })

  it('with a Git LFS pointer', async () => {
    await writeModel()
    await scene.write('m/w', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n')
    await expectUnsigned({ models: 'm' }, 'FILE_IS_LFS_POINTER', 'git lfs pull')
  })

  it('that another subject lies in, whose bundle would be one file more', async () => {
    await writeModel()
    const files = { models: 'm', files: 'm/config.json' }
    await expectUnsigned(files, 'INPUT_INVALID', 'files: "m/config.json" lies in the model "m"')
    const models = { models: 'm/sub\nm' }
    await expectUnsigned(models, 'INPUT_INVALID', 'models: "m/sub" lies in the model "m"')
    await symlink('.', join(scene.workspace, 'here'))
    const behind = { models: 'm', files: 'here/m/config.json' }
    await expectUnsigned(
      behind,
      'INPUT_INVALID',
      'files: "here/m/config.json" lies in the model "m"'
    )
    const twice = { models: 'm\nhere/m' }
    await expectUnsigned(twice, 'INPUT_INVALID', 'models: "here/m" lies in the model "m"')
    await symlink('m', join(scene.workspace, 'link'))
    const linked = { models: 'm\nlink', 'allow-symlinks': 'true' }
    await expectUnsigned(linked, 'INPUT_INVALID', 'models: "link" lies in the model "m"')
  })

  it('whose signature goes where a file is that is signed, too', async () => {
    await scene.write('a', 'a')
    await scene.write('a.sig', 'of another time')
    const inputs = { models: 'a', files: '*.sig' }
    await expectUnsigned(
      inputs,
      'INPUT_INVALID',
      'files: "a.sig" is where the signature of the model'
    )
  })

  it('whose signature cannot be written', async () => {
    await writeModel()
    await mkdir(join(scene.workspace, 'm/model.sig'))
    await expectUnsigned({ models: 'm' }, 'WRITE_FAILED', 'model.sig is in the way')
  })

  it('that changes before its signature is written', async () => {
    await writeModel()
    await scene.sandbox.fault({ service: 'fulcio', kind: 'slow', seconds: 1 })
    const before = (await scene.sandbox.requests()).length
    const signing = scene.sign({ models: 'm' })
    const asked = async (): Promise<boolean> =>
      (await scene.sandbox.requests()).slice(before).some(({ service }) => service === 'fulcio')
    while (!(await asked())) await setTimeout(10)
    await scene.write('m/config.json', '[]')
    expectRefusal(await signing, 'FILE_CHANGED', 'changed while it was being hashed or signed')
    expect(await readdir(join(scene.workspace, 'm'))).toEqual(['config.json', 'sub'])
  })

  it('that is told of with inputs for nothing, or published nowhere', async () => {
    await writeModel()
    await scene.write('a', 'a')
    const alone = { files: 'a', 'ignore-paths': 'm/x' }
    await expectUnsigned(alone, 'INPUT_INVALID', 'ignore-paths is about models, and no models')
    const links = { files: 'a', 'allow-symlinks': 'true' }
    await expectUnsigned(links, 'INPUT_INVALID', 'allow-symlinks is about models')
    const nowhere = { models: 'm', publish: 'registry' }
    await expectUnsigned(nowhere, 'INPUT_INVALID', 'no place for the bundles of models')
    const elsewhere = { models: 'm', 'ignore-paths': 'logs' }
    await expectUnsigned(elsewhere, 'INPUT_INVALID', 'lies in none of the models')
  })

  // The shapes that one limit of Rekor's shows in, its versions taken together (its pull request 2841).
  it.each([
    [413, 'Request Entity Too Large'],
    [400, 'parsing proposedEntry body from "" failed, because http: request body too large'],
    [500, 'http: request body too large']
  ])('whose list of files is too large for the log (%i), without asking again', async (...says) => {
    const [status, message] = says
    await writeModel()
    await scene.sandbox.fault({ service: 'rekor', kind: 'status', status, message })
    const before = (await scene.sandbox.requests()).length
    const run = await scene.sign({ models: 'm' })
    expectRefusal(run, 'LOG_ENTRY_TOO_LARGE', /does not take a statement as large .* Rekor v2/)
    const asked = (await scene.sandbox.requests()).slice(before)
    expect(asked.filter(({ service }) => service === 'rekor')).toHaveLength(1)
  })
})

describe('sign refuses checksums', () => {
  it.each([
    ['CHECKSUMS_NAME_UNSAFE', `${HEX}  ../a`, 'names "../a"'],
    ['CHECKSUMS_NAME_UNSAFE', `${HEX}  /etc/passwd`, 'names "/etc/passwd"'],
    ['CHECKSUMS_OVERLAP', `${HEX}  a\n${HEX}  ./a`, '"a" is listed twice'],
    ['CHECKSUMS_OVERLAP', `${HEX}  a\n${HEX}  a/b`, '"a" is a file'],
    ['CHECKSUMS_INVALID', `${HEX}  a\nb`, 'is not a line of sha256sum'],
    ['MODEL_EMPTY', `${HEX}  .git/config`, 'every file that is listed is ignored'],
    ['INPUT_INVALID', 'parts/*', '"parts/*" is neither a line of sha256sum nor']
  ] as const)('%s: %j', async (code, checksums, words) => {
    await expectUnsigned({ models: 'm', checksums }, code, words)
  })

  it.each([
    ['m', 'm/a', 'm/sub/b', 'm/'],
    ['out/m', './out/m/a', 'out/m/b', 'out/m/'],
    ['out/m', 'm/.gitattributes', 'm/a', 'm/']
  ])('of %j that were made in a folder above: %j', async (models, one, other, prefix) => {
    const checksums = `${HEX}  ${one}\n${HEX}  ${other}`
    const words = `every name begins with "${prefix}", and names are as seen from the model`
    await expectUnsigned({ models, checksums }, 'INPUT_INVALID', words)
    expect(await scene.sign({ models, checksums: `${checksums}\n${HEX}  c` })).toMatchObject({
      exitCode: 0
    })
  })

  it('without a model, or with several, or with one that is a file', async () => {
    await scene.write('a', 'a')
    const checksums = `${HEX}  a`
    await expectUnsigned({ files: 'a', checksums }, 'INPUT_INVALID', 'and no models are given')
    await expectUnsigned({ models: 'm', checksums: '' }, 'INPUT_INVALID', 'checksums is empty')
    const several = { models: 'm\nn', checksums }
    await expectUnsigned(several, 'INPUT_INVALID', 'more than one line of models is given')
    const file = { models: 'a', checksums }
    await expectUnsigned(file, 'INPUT_INVALID', '"a" is a file, and checksums are of')
  })

  it('of a model outside the workspace that is not there, also behind a link', async () => {
    const checksums = `${HEX}  a`
    const outside = { models: '/nowhere/m', checksums }
    await expectUnsigned(outside, 'FILE_OUTSIDE_WORKSPACE', 'lies outside the workspace')
    await symlink(await mkdtemp(join(tmpdir(), 'elsewhere-')), join(scene.workspace, 'link'))
    const behind = { models: 'link/m', checksums }
    await expectUnsigned(behind, 'FILE_OUTSIDE_WORKSPACE', 'lies outside the workspace')
  })
})

/** The verdict is no, for this reason; the results. */
async function expectNo(
  run: ActionRun,
  code: string,
  words: string | RegExp
): Promise<Results['subjects']> {
  expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
  expect(run.annotations[0]?.message).toMatch(words)
  expect(run.annotations[0]?.message).toMatch(new RegExp(`\\[${code}\\]$`))
  return (await checkedResults('verify', run.outputs['results-path'])).subjects
}

describe('verify refuses a model', () => {
  it('with a file more, a changed one and a missing one, and lists them', async () => {
    await writeModel()
    await scene.write('m/gone', 'x')
    await scene.sign({ models: 'm' })
    await scene.write('m/sub/more.py', 'import os')
    await scene.write('m/config.json', '[]')
    await rm(join(scene.workspace, 'm/gone'))

    const run = await scene.verify({ models: 'm' })

    const words =
      /1 changed \("config.json"\); 1 missing \("gone"\); 1 neither .*\("sub\/more.py"\)/
    expect(await expectNo(run, 'MODEL_MISMATCH', words)).toMatchObject([
      {
        kind: 'model',
        verified: false,
        refused: [
          {
            bundle: 'm/model.sig',
            differences: { changed: ['config.json'], missing: ['gone'], extra: ['sub/more.py'] }
          }
        ]
      }
    ])
    expect(run.summary).toContain('<tr><td>extra</td><td><code>sub/more.py</code></td></tr>')
    expect(run.outputs).not.toHaveProperty('digest')
  })

  it('with very many files more, and shows 50 of them and all in the results', async () => {
    await writeModel()
    await scene.sign({ models: 'm' })
    for (let i = 0; i < 60; i++) await scene.write(`m/x${i}`, 'x')
    const run = await scene.verify({ models: 'm' })
    const [subject] = await expectNo(run, 'MODEL_MISMATCH', 'and 10 more')
    const [{ differences }] = subject?.refused as [{ differences: { extra: string[] } }]
    expect(differences.extra).toHaveLength(60)
    expect(run.summary.match(/<td>extra<\/td>/g)).toHaveLength(51)
    expect(run.summary).toContain('and 10 more, in the results')
  })

  it('with a changed file where the signer ignored others, or the verifier ignores it', async () => {
    await writeModel()
    await scene.sign({ models: 'm', 'ignore-paths': 'm/logs' })
    await scene.write('m/logs/x', 'x')
    await scene.write('m/config.json', '[]')
    const run = await scene.verify({ models: 'm', 'ignore-paths': 'm/config.json' })
    await expectNo(run, 'MODEL_MISMATCH', /signed: 1 changed \("config.json"\); do not/)
  })

  it('with an extra file that a line of bundle names along with the signature', async () => {
    await writeModel()
    await scene.sign({ models: 'm' })
    await scene.write('m/more.sig', '{}')
    const run = await scene.verify({ models: 'm', bundle: 'm/*.sig' })
    await expectNo(run, 'NO_BUNDLE_VERIFIES', 'none of its 2 bundles verifies')
    expect(run.log).toContain('1 neither signed nor ignored ("more.sig")')
  })

  it('with a link in place of a file, or one more', async () => {
    await writeModel()
    await scene.sign({ models: 'm' })
    await scene.write('n', '{}')
    await rm(join(scene.workspace, 'm/config.json'))
    await symlink('../n', join(scene.workspace, 'm/config.json'))
    await expectNo(
      await scene.verify({ models: 'm' }),
      'MODEL_LINK',
      /"m\/config\.json" is .*to take what/
    )
  })

  it('with the signature of another model, a plain one, or none', async () => {
    await writeModel()
    await scene.write('n/config.json', '{}')
    await scene.sign({ models: 'n', files: 'm/config.json', publish: 'local' })
    await rm(join(scene.workspace, 'm/config.json.sigstore.json'))
    await expectNo(await scene.verify({ models: 'm' }), 'NO_BUNDLE', 'there is no m/model.sig')
    const other = await scene.verify({ models: 'm', bundle: 'n/model.sig' })
    await expectNo(other, 'MODEL_MISMATCH', /1 neither signed nor ignored \("sub\/weights"\)/)
    await scene.write('single', 'one')
    await scene.sign({ files: 'single', publish: 'local' })
    await copyFile(
      join(scene.workspace, 'single.sigstore.json'),
      join(scene.workspace, 'single.sig')
    )
    const plain = await scene.verify({ models: 'single' })
    await expectNo(plain, 'NOT_A_STATEMENT', 'verify it as a file')
  })

  it('signed by somebody else', async () => {
    await writeModel()
    await scene.sign({ models: 'm' })
    const run = await scene.verify({ models: 'm', 'signer-workflow': '.github/workflows/x.yml' })
    await expectNo(run, 'IDENTITY_MISMATCH', 'somebody else than asked for')
  })

  it('of which an attestation is asked for, and there is only its signature', async () => {
    await writeModel()
    await scene.sign({ models: 'm' })
    const type = { 'predicate-type': 'https://slsa.dev/provenance/v1' }
    const run = await scene.verify({ models: 'm', ...type })
    await expectNo(run, 'PREDICATE_TYPE_MISMATCH', 'model_signing/signature/v1.0')
    const own = { 'predicate-type': 'https://model_signing/signature/v1.0' }
    expect(await scene.verify({ models: 'm', ...own })).toMatchObject({ exitCode: 0 })
    await scene.write('m/more', 'x')
    await expectNo(await scene.verify({ models: 'm', ...own }), 'MODEL_MISMATCH', '1 neither')
  })

  it('with very many files more, and its signature a great many times', async () => {
    await scene.write('m/config.json', '{}')
    await scene.sign({ models: 'm' })
    const bundle = await scene.read('m/model.sig')
    for (let i = 0; i < 500; i++) await scene.write(`m/${`${i}`.padEnd(250, 'x')}`, '')
    await scene.write('old.jsonl', `${bundle.trim()}\n`.repeat(100))
    const run = await scene.verify({ models: 'm', bundle: 'old.jsonl' })
    const words = 'none of its 100 bundles verifies'
    const [subject] = await expectNo(run, 'NO_BUNDLE_VERIFIES', words)
    const refused = subject?.refused as object[]
    expect(refused).toHaveLength(100)
    expect(refused.filter(each => 'differences' in each)).toHaveLength(10)
    expect((await stat(run.outputs['results-path'] ?? '')).size).toBeLessThan(3_000_000)
  })

  it('with a great many attestations that nobody signed, without hashing it for each', async () => {
    await writeModel()
    await truncate(join(scene.workspace, 'm/config.json'), 2 ** 27)
    await scene.sign({ models: 'm' })
    const predicateType = 'https://slsa.dev/provenance/v1'
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'm', digest: { sha256: HEX } }],
      predicateType
    }
    const bundle = JSON.parse(await scene.read('m/model.sig')) as { dsseEnvelope: object }
    const payload = Buffer.from(JSON.stringify(statement)).toString('base64')
    Object.assign(bundle.dsseEnvelope, { payload })
    await scene.write('junk.jsonl', `${JSON.stringify(bundle)}\n`.repeat(300))
    const bundles = 'm/model.sig\njunk.jsonl'
    const inputs = { models: 'm', bundle: bundles, 'predicate-type': predicateType }
    const run = await scene.verify(inputs, { deadline: 15_000 })
    await expectNo(run, 'NO_BUNDLE_VERIFIES', 'none of its 301 bundles verifies')
    expect(run.log).toContain('SUBJECT_MISMATCH')
  })

  it('whose signature cannot be read', async () => {
    await writeModel()
    await scene.sign({ models: 'm' })
    await scene.write('m/model.sig', '{}')
    await expectNo(await scene.verify({ models: 'm' }), 'BUNDLE_MEDIA_TYPE', 'is not a Sigstore')
  })
})
