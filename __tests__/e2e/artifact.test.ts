import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, jest } from '@jest/globals'
import type { Fault } from '../../sandbox/client.ts'
import { download } from './download.ts'
import type { ActionRun } from './runner.ts'
import { useScene } from './scene.ts'

// The library waits three seconds before it asks again.
jest.setTimeout(30_000)

const scene = useScene()

/** In minutes: long enough for a second attempt, short enough for a test. */
const TIMEOUT = '0.02'

/** The requests to the results service and to its blobs so far. */
async function asked(): Promise<string[]> {
  const requests = await scene.sandbox.requests()
  return requests
    .filter(({ service }) => service === 'results' || service === 'blob')
    .map(({ service, path }) => (service === 'blob' ? 'blob' : (path.split('/').at(-1) ?? '')))
}

async function resultsOf(run: ActionRun): Promise<Record<string, unknown>[]> {
  const text = await readFile(run.outputs['results-path'] ?? '', 'utf8')
  return (JSON.parse(text) as { subjects: Record<string, unknown>[] }).subjects
}

describe('the artifact', () => {
  it('holds every bundle, and lands each beside its file in another job', async () => {
    await scene.write('dist/a.bin', 'one')
    await scene.write('dist/sub/b c.bin', 'two')

    const run = await scene.sign({ files: 'dist/**/*.bin' })

    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
    const [artifact] = await scene.sandbox.artifacts()
    const url = `https://github.com/octo-org/octo-models/actions/runs/9000000001/artifacts/${artifact?.id ?? ''}`
    expect(run.outputs).toMatchObject({
      signed: '2',
      'artifact-name': 'sigstore-job-0',
      'artifact-id': String(artifact?.id),
      'artifact-url': url
    })
    expect(run.summary).toContain(`<a href="${url}">sigstore-job-0</a>`)
    expect(run.summary).toContain('    name: sigstore-job-0\n    path: dist\n')
    expect(await resultsOf(run)).toMatchObject([
      {
        published: {
          local: join(scene.workspace, 'dist/a.bin.sigstore.json'),
          artifact: { name: 'sigstore-job-0', path: 'a.bin.sigstore.json' }
        }
      },
      { published: { artifact: { path: 'sub/b c.bin.sigstore.json' } } }
    ])
    await scene.write('other/a.bin', 'one')
    await scene.write('other/sub/b c.bin', 'two')
    await download(scene, 'sigstore-', join(scene.workspace, 'other'))
    expect(await scene.verify({ files: 'other/**/*.bin' })).toMatchObject({
      exitCode: 0,
      outputs: { verified: 'true' }
    })
    expect(await scene.read('other/a.bin.sigstore.json')).toBe(
      await scene.read('dist/a.bin.sigstore.json')
    )
  })

  it('is told of in a few words, and its signed URL is masked', async () => {
    await scene.write('a', 'one')
    const run = await scene.sign({ files: 'a' })
    const lines = run.log.split('\n').filter(line => /artifact|upload/i.test(line))
    expect(lines).toEqual([
      expect.stringMatching(/^Uploaded 1 bundle\(s\) as the artifact sigstore-job-0: https/)
    ])
    expect(run.raw).not.toContain('signed_upload_url')
    expect(await scene.toldSecrets()).toEqual(['fulcio', 'oidc', 'results'])
  })

  it('gets a suffix where its name is taken, and the log says so', async () => {
    await scene.write('a', 'one')
    const names: unknown[] = []
    for (let i = 0; i < 3; i++) {
      const run = await scene.sign({ files: 'a', 'artifact-name': 'mine' })
      names.push(run.outputs['artifact-name'])
      if (i > 0) expect(run.log).toContain('The artifact name mine is taken in this run.')
    }
    expect(names).toEqual(['mine', 'mine-2', 'mine-3'])
    expect((await scene.sandbox.artifacts()).map(({ name }) => name)).toEqual(names)
  })

  it('of every leg of a matrix arrives, and all land beside their files', async () => {
    for (const leg of ['linux', 'mac']) {
      const files = leg === 'linux' ? ['dist/app-linux', 'dist/all'] : ['dist/app-mac', 'dist/any']
      for (const file of files) await scene.write(file, file)
    }
    const legs = ['dist/app-linux\ndist/all', 'dist/app-mac\ndist/any'].map(
      async (files, jobIndex) =>
        await scene.sign(
          { files, publish: 'artifact' },
          { jobIndex, env: await scene.sandbox.startJob() }
        )
    )
    expect(await Promise.all(legs)).toMatchObject([
      { exitCode: 0, outputs: { 'artifact-name': 'sigstore-job-0' } },
      { exitCode: 0, outputs: { 'artifact-name': 'sigstore-job-1' } }
    ])
    expect(await readdir(join(scene.workspace, 'dist'))).toHaveLength(4)
    await download(scene, 'sigstore-', join(scene.workspace, 'dist'))
    expect(await readdir(join(scene.workspace, 'dist'))).toHaveLength(8)
    expect(await scene.verify({ files: 'dist/a*' })).toMatchObject({ exitCode: 0 })
  })

  it('takes 200 bundles', async () => {
    for (let i = 0; i < 200; i++) await scene.write(`many/${i}.bin`, `content ${i}`)
    const run = await scene.sign({ files: 'many/*.bin', publish: 'artifact' })
    expect(run).toMatchObject({ exitCode: 0, outputs: { signed: '200' } })
    await download(scene, 'sigstore-', join(scene.workspace, 'many'))
    expect(await readdir(join(scene.workspace, 'many'))).toHaveLength(400)
  })

  it('is the only place where no other was asked for, also of files that cannot have a neighbour', async () => {
    await scene.write('a', 'one')
    await mkdir(join(scene.workspace, 'a.sigstore.json'))
    const run = await scene.sign({ files: 'a', publish: 'artifact' })
    expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { signed: '1' } })
    expect(await readdir(join(scene.workspace, 'a.sigstore.json'))).toEqual([])
    const [command] = (run.outputs['verify-commands'] ?? '').split('\n')
    expect(command).toContain(` --bundle ${run.outputs['bundle-dir'] ?? ''}/a.sigstore.json `)
    expect(run.summary).toContain('<td><code>a.sigstore.json</code></td>')
  })

  it('is not made where it was not asked for', async () => {
    await scene.write('a', 'one')
    const before = await asked()
    const run = await scene.sign({ files: 'a', publish: 'local' })
    expect(run).toMatchObject({ exitCode: 0, outputs: { signed: '1' } })
    expect(run.outputs).not.toHaveProperty('artifact-name')
    expect(await asked()).toEqual(before)
  })
})

describe('a results service that recovers', () => {
  it.each([
    ['results', 'commit-then-500', 'mine-2'],
    ['results', 'unfinished', 'mine-2'],
    ['blob', 'status', 'mine']
  ] as const)('%s %s', async (service, kind, name) => {
    await scene.write('a', 'one')
    await scene.sandbox.fault({ service, kind, times: 1 })
    const run = await scene.sign({ files: 'a', 'artifact-name': 'mine' })
    expect(run).toMatchObject({ exitCode: 0, outputs: { signed: '1', 'artifact-name': name } })
    expect((await scene.sandbox.artifacts()).map(one => one.name)).toEqual([name])
  })
})

describe('a results service that does not recover', () => {
  it.each<Fault>([
    { service: 'results', kind: 'unfinished' },
    { service: 'blob', kind: 'status' }
  ])('$service $kind', async fault => {
    await scene.write('a', 'one')
    await scene.write('b', 'two')
    await scene.sandbox.fault(fault)
    const run = await scene.sign({ files: 'a\nb', timeout: TIMEOUT })

    expect(run).toMatchObject({ exitCode: 1, outputs: { signed: '0' } })
    expect(run.outputs).not.toHaveProperty('artifact-name')
    expect(run.annotations).toMatchObject([
      {
        level: 'error',
        message: expect.stringMatching(/^The workflow artifact .* \[UPLOAD_FAILED\]$/)
      },
      {
        level: 'error',
        message: expect.stringMatching(
          /2 of 2 bundles are beside their files, and there is no artifact.* \[PUBLISH_FAILED\]$/
        )
      }
    ])
    expect(run.log + JSON.stringify(run.annotations)).not.toMatch(/sig=|\?se=/)
    expect(run.durationMs).toBeLessThan(10_000)
    expect(await scene.sandbox.artifacts()).toEqual([])
    expect(await resultsOf(run)).toMatchObject(
      ['a', 'b'].map(name => ({
        published: { local: join(scene.workspace, `${name}.sigstore.json`) },
        error: { code: 'UPLOAD_FAILED' }
      }))
    )
    const { summary } = run
    expect(summary).toMatch(/^<h3>Keyless Sign: 2 file\(s\) of 2 subject\(s\) not published every/)
    expect(summary.match(/The workflow artifact .* \[UPLOAD_FAILED\]/g)).toHaveLength(1)
    expect(summary.indexOf('UPLOAD_FAILED')).toBeLessThan(summary.indexOf('SHA-256'))
    expect(summary).toContain('<code>a.sigstore.json</code>')
    expect(summary).not.toMatch(/```|Verify in a job/)
    expect(await scene.toldSecrets()).toEqual(['fulcio', 'oidc', 'results'])
    await scene.sandbox.clearFaults()
    expect(await scene.verify({ files: 'a\nb' })).toMatchObject({ exitCode: 0 })
  })

  it.each([
    ['results', 'over-quota', /Artifact storage quota has been hit/],
    ['results', 'redirect', /redirects to 127\.0\.0\.1:\d+, for which its token is not/],
    ['blob', 'echo-token', /cannot process identity token …/],
    ['blob', 'redirect', /\(status 307\)/]
  ] as const)('%s %s is not asked again', async (service, kind, words) => {
    await scene.write('a', 'one')
    await scene.sandbox.fault({ service, kind })
    const run = await scene.sign({ files: 'a', publish: 'artifact' })
    expect(run).toMatchObject({ exitCode: 1, outputs: { signed: '0' } })
    expect(run.annotations[0]?.message).toMatch(words)
    expect(run.annotations[0]?.message).toMatch(/no further attempt would change/)
    expect(run.annotations[1]?.message).toMatch(/: there is no artifact; all bundles are in /)
    expect(run.summary).toContain('<td>not published</td>')
    expect(await scene.toldSecrets()).not.toContain('elsewhere')
  })
})

describe('sign refuses, before any work, an artifact', () => {
  async function refuse(
    inputs: Record<string, string>,
    env: Record<string, string> = {}
  ): Promise<string> {
    await scene.write('a', 'one')
    const before = (await scene.sandbox.requests()).length
    const run = await scene.sign({ files: '*', ...inputs }, { env })
    expect(run).toMatchObject({ exitCode: 1, outputs: {}, annotations: [{ level: 'error' }] })
    expect(await scene.sandbox.requests()).toHaveLength(before)
    return run.annotations[0]?.message ?? ''
  }

  it.each([['a/b'], ['']])('with the name "%s"', async name => {
    expect(await refuse({ 'artifact-name': name })).toMatch(
      /^artifact-name is ".*"; give a name without .* \[INPUT_INVALID\]$/
    )
  })

  it.each([['x:y'], ['x\\y']])('of a file with the name %j', async name => {
    await scene.write(name, 'two')
    expect(await refuse({})).toMatch(/cannot go into a workflow artifact.* \[INPUT_INVALID\]$/)
    expect(await scene.sign({ files: '*', publish: 'local' })).toMatchObject({ exitCode: 0 })
  })

  it('outside a workflow', async () => {
    const token = await refuse({}, { ACTIONS_RUNTIME_TOKEN: '' })
    expect(token).toMatch(/ACTIONS_RUNTIME_TOKEN is not set.* \[NO_ARTIFACT_SERVICE\]$/)
    const url = await refuse({}, { ACTIONS_RESULTS_URL: '' })
    expect(url).toMatch(/ACTIONS_RESULTS_URL is not set.* \[NO_ARTIFACT_SERVICE\]$/)
  })

  it('whose service would be sent the token in the clear', async () => {
    expect(await refuse({}, { ACTIONS_RESULTS_URL: 'http://results.example/' })).toMatch(
      /results service .* not https.* \[SERVICE_URL_INSECURE\]$/
    )
  })

  it('on GitHub Enterprise Server', async () => {
    expect(await refuse({}, { GITHUB_SERVER_URL: 'https://github.example' })).toMatch(
      /github\.example has no artifacts of version 4.* \[NO_ARTIFACT_SERVICE\]$/
    )
  })

  it.each([
    ['', 'publish is empty'],
    ['artifact\nelsewhere', 'publish has the line "elsewhere"'],
    ['artifact\nregistry', 'publish names registry, where only the bundles of images go']
  ])('that publish does not name: %j', async (publish, words) => {
    expect(await refuse({ publish })).toContain(words)
  })
})
