import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Sandbox, startSandbox } from '../../sandbox/client.ts'

let sandbox: Sandbox
let token: string
let run: string
let job: string
beforeAll(async () => {
  sandbox = await startSandbox()
  token = sandbox.env.ACTIONS_RUNTIME_TOKEN ?? ''
  ;({ run, job } = idsOf(token))
})
afterEach(async () => {
  await sandbox.clearFaults()
  await sandbox.clearArtifacts()
})
afterAll(async () => sandbox.stop())

type Fields = Record<string, unknown>
type Answer = { status: number; body: Fields }

const content = Buffer.from('not really a zip file')
const size = String(content.length)
const hash = `sha256:${createHash('sha256').update(content).digest('hex')}`

function idsOf(jwt: string): { run: string; job: string } {
  const payload = Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()
  const { scp } = JSON.parse(payload) as { scp: string }
  const [, run = '', job = ''] = /Actions\.Results:([^: ]+):([^: ]+)/.exec(scp) ?? []
  return { run, job }
}

async function call(method: string, fields: Fields, bearer = token): Promise<Answer> {
  const url = new URL(
    `/twirp/github.actions.results.api.v1.ArtifactService/${method}`,
    sandbox.env.ACTIONS_RESULTS_URL
  )
  const ids = { workflow_run_backend_id: run, workflow_job_run_backend_id: job }
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ ...ids, ...fields })
  })
  return { status: response.status, body: (await response.json()) as Fields }
}

async function create(name: string): Promise<string> {
  const { body } = await call('CreateArtifact', { name, version: 7 })
  return String(body.signed_upload_url)
}

async function put(
  url: string,
  query = '',
  headers: Record<string, string> = {}
): Promise<Response> {
  return await fetch(url + query, {
    method: 'PUT',
    headers: { 'x-ms-blob-type': 'BlockBlob', 'x-ms-blob-content-type': 'zip', ...headers },
    body: content
  })
}

async function upload(name: string): Promise<string> {
  await put(await create(name))
  const { body } = await call('FinalizeArtifact', { name, size, hash })
  return String(body.artifact_id)
}

describe('the results service', () => {
  it('keeps what was uploaded as a whole, lists it and hands it out', async () => {
    const id = await upload('one')
    const { body: list } = await call('ListArtifacts', {})
    expect(list).toEqual({
      artifacts: [expect.objectContaining({ database_id: id, name: 'one', size, digest: hash })]
    })
    const { body } = await call('GetSignedArtifactURL', { name: 'one' })
    const response = await fetch(String(body.signed_url))
    expect(response.headers.get('content-type')).toBe('zip')
    expect(Buffer.from(await response.arrayBuffer())).toEqual(content)
    expect(await sandbox.artifacts()).toEqual([
      { id: Number(id), name: 'one', size: content.length, digest: hash, content }
    ])
  })

  it('filters its list by name and by id, and forgets what is deleted', async () => {
    const [one, two] = [await upload('one'), await upload('two')]
    const names = async (filter: Fields): Promise<unknown[]> =>
      ((await call('ListArtifacts', filter)).body.artifacts as Fields[]).map(({ name }) => name)
    expect(await names({ name_filter: 'one' })).toEqual(['one'])
    expect(await names({ id_filter: two })).toEqual(['two'])
    expect((await call('DeleteArtifact', { name: 'one' })).body).toEqual({
      ok: true,
      artifact_id: one
    })
    expect(await names({})).toEqual(['two'])
  })

  it('lets a name be taken once in the run, also by an upload that never ended', async () => {
    await create('taken')
    const other = (await sandbox.startJob()).ACTIONS_RUNTIME_TOKEN ?? ''
    const ids = { workflow_job_run_backend_id: idsOf(other).job }
    const again = await call('CreateArtifact', { ...ids, name: 'taken' }, other)
    expect(again).toMatchObject({ status: 409, body: { code: 'already_exists' } })
    expect(again.body.msg).toContain('already exists on the workflow run')
    expect((await call('ListArtifacts', {})).body).toEqual({ artifacts: [] })
  })

  it('believes neither size nor digest', async () => {
    await put(await create('one'))
    const finalize = async (fields: Fields): Promise<number> =>
      (await call('FinalizeArtifact', { name: 'one', size, hash, ...fields })).status
    expect(await finalize({ size: '1' })).toBe(400)
    expect(await finalize({ hash: `sha256:${'0'.repeat(64)}` })).toBe(400)
    expect(await finalize({ hash: undefined })).toBe(400)
    expect(await finalize({})).toBe(200)
    expect(await finalize({})).toBe(409)
  })

  it('ends no upload that did not begin, or that sent nothing', async () => {
    await create('empty')
    expect((await call('FinalizeArtifact', { name: 'empty', size, hash })).status).toBe(404)
    expect((await call('FinalizeArtifact', { name: 'none', size, hash })).status).toBe(404)
  })

  it('wants the token of a job of the run, and the ids that it has', async () => {
    const none = await call('CreateArtifact', { name: 'one' }, 'x')
    expect(none).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
    const otherRun = await call('CreateArtifact', { name: 'one', workflow_run_backend_id: 'x' })
    expect(otherRun.status).toBe(403)
    const otherJob = await call('CreateArtifact', { name: 'one', workflow_job_run_backend_id: 'x' })
    expect(otherJob.status).toBe(403)
    expect(await sandbox.secrets()).toContain(token)
  })

  it.each(['a/b', 'a:b', ''])('takes no artifact with the name %j', async name => {
    expect((await call('CreateArtifact', { name })).status).toBe(400)
  })
})

describe('the blobs', () => {
  it('are put together of blocks, in the order of their list', async () => {
    const url = await create('blocks')
    expect((await put(url, '&comp=block&blockid=Mg==')).status).toBe(201)
    expect((await put(url, '&comp=block&blockid=MQ==')).status).toBe(201)
    const commit = async (...ids: string[]): Promise<Response> =>
      await fetch(`${url}&comp=blocklist`, {
        method: 'PUT',
        body: `<BlockList>${ids.map(id => `<Latest>${id}</Latest>`).join('')}</BlockList>`
      })
    const missing = await commit('MQ==', 'Mw==')
    expect(missing.status).toBe(400)
    expect(missing.headers.get('x-ms-error-code')).toBe('InvalidBlockList')
    expect((await commit('MQ==', 'Mg==')).status).toBe(201)
    const twice = Buffer.concat([content, content])
    const digest = createHash('sha256').update(twice).digest('hex')
    const end = { name: 'blocks', size: String(twice.length), hash: `sha256:${digest}` }
    expect((await call('FinalizeArtifact', end)).status).toBe(200)
  })

  it('open to the signed URL, to no other, and to no token', async () => {
    const url = await create('closed')
    expect((await put(url.replace(/sig=.*/, 'sig=x'))).status).toBe(403)
    const other = new URL(await create('other'))
    expect((await put(url.replace(/\?.*/, other.search))).status).toBe(403)
    expect((await put(url, '', { authorization: `Bearer ${token}` })).status).toBe(400)
    expect((await put(url)).status).toBe(201)
    const told = (await sandbox.requests()).filter(({ service }) => service === 'blob')
    expect(told.map(({ secret }) => secret)).toEqual(expect.arrayContaining([true, false]))
    expect(await sandbox.secrets()).toContain(/sig=(\w+)/.exec(url)?.[1])
  })
})
