import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type Fault, type Sandbox, startSandbox } from '../../sandbox/client.ts'
import {
  type Identity,
  certificateRequest,
  certify,
  hashedrekord,
  post,
  propose,
  requestToken
} from './signer.ts'

let sandbox: Sandbox
let identity: Identity
beforeAll(async () => {
  sandbox = await startSandbox()
  identity = await certify(sandbox)
})
afterEach(async () => sandbox.clearFaults())
afterAll(async () => sandbox.stop())

let count = 0
const entry = () => hashedrekord(identity, Buffer.from(`artifact ${(count += 1)}`))

const rekor = async (
  fault: Omit<Fault, 'service'>,
  proposal: unknown = entry()
): Promise<Response> => {
  await sandbox.fault({ service: 'rekor', times: 1, ...fault })
  return propose(sandbox, proposal)
}

/** How reading an answer ends within a time: its text, or why there is none. */
const outcome = async (answer: Promise<Response>, ms = 300): Promise<string> => {
  const late = new Promise<string>(resolve => setTimeout(resolve, ms, 'nothing yet'))
  const text = answer.then(async response => response.text())
  return Promise.race([
    late,
    text.catch((error: unknown) => String((error as Error).cause ?? error))
  ])
}

describe('faults', () => {
  it('answers with a status and headers, as often as told', async () => {
    await sandbox.fault({
      service: 'fulcio',
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '7' },
      times: 2
    })
    const ask = async (): Promise<Response> => fetch(`${sandbox.urls.fulcio}/api/v2/trustBundle`)
    const [first, second, third] = [await ask(), await ask(), await ask()]
    expect([first.status, second.status, third.status]).toEqual([429, 429, 200])
    expect(first.headers.get('retry-after')).toBe('7')
  })

  it('lasts until cleared, and hits its service only', async () => {
    await sandbox.fault({ service: 'rekor', kind: 'status', status: 503 })
    expect((await propose(sandbox, entry())).status).toBe(503)
    expect((await propose(sandbox, entry())).status).toBe(503)
    expect(await requestToken(sandbox)).toMatch(/^ey/)
    await sandbox.clearFaults()
    expect((await propose(sandbox, entry())).status).toBe(201)
  })

  it('resets in the middle of the body, after the work was done', async () => {
    const proposal = entry()
    const response = await rekor({ kind: 'reset' }, proposal)
    expect(response.status).toBe(201)
    await expect(response.text()).rejects.toThrow(/terminated/)
    expect((await propose(sandbox, proposal)).status).toBe(409)
  })

  it('never answers, or closes at once, with nothing done', async () => {
    const [silent, closed] = [entry(), entry()]
    expect(await outcome(rekor({ kind: 'timeout' }, silent))).toBe('nothing yet')
    expect(await outcome(rekor({ kind: 'unreachable' }, closed))).toMatch(
      /other side closed|ECONNRESET/
    )
    expect((await propose(sandbox, silent)).status).toBe(201)
    expect((await propose(sandbox, closed)).status).toBe(201)
  })

  it('drips', async () => {
    const response = await rekor({ kind: 'drip', seconds: 0.05 })
    expect(response.status).toBe(201)
    const reader = response.body?.getReader()
    const first = await reader?.read()
    expect(first?.value?.length).toBeLessThan(20)
    await reader?.cancel()
  })

  it('answers garbage', async () => {
    const response = await rekor({ kind: 'garbage' })
    expect(response.status).toBe(201)
    await expect(response.json()).rejects.toThrow(/not valid JSON/)
  })

  it('answers without end', async () => {
    const response = await rekor({ kind: 'huge' })
    const reader = response.body?.getReader()
    let received = 0
    while (received < 2 ** 24) received += (await reader?.read())?.value?.length ?? Number.NaN
    expect(received).toBeGreaterThanOrEqual(2 ** 24)
    await reader?.cancel()
  })

  it.each(['commit-then-500', 'commit-then-timeout'] as const)(
    'does the work, then: %s',
    async kind => {
      const proposal = entry()
      const answer = await outcome(rekor({ kind }, proposal))
      expect(answer).toMatch(kind === 'commit-then-500' ? /sandbox fault/ : /nothing yet/)
      expect((await propose(sandbox, proposal)).status).toBe(409)
    }
  )

  it('sends clients elsewhere, and notes whether they bring the token', async () => {
    const { body } = certificateRequest(await requestToken(sandbox))
    await sandbox.fault({ service: 'fulcio', kind: 'redirect', times: 2 })
    await post(`${sandbox.urls.fulcio}/api/v2/signingCert`, body)
    await post(`${sandbox.urls.fulcio}/api/v2/signingCert`, {})
    const arrived = (await sandbox.requests()).filter(({ service }) => service === 'elsewhere')
    expect(arrived.map(({ method, path, secret }) => [method, path, secret])).toEqual([
      ['POST', '/api/v2/signingCert', true],
      ['POST', '/api/v2/signingCert', false]
    ])
  })

  it.each(['fulcio', 'oidc', 'rekor'] as const)('%s repeats a token in an error', async service => {
    const token = await requestToken(sandbox)
    await sandbox.fault({ service, kind: 'echo-token', times: 1 })
    const { env, urls } = sandbox
    const answer = {
      fulcio: async () => post(`${urls.fulcio}/api/v2/signingCert`, certificateRequest(token).body),
      oidc: async () =>
        fetch(env.ACTIONS_ID_TOKEN_REQUEST_URL ?? '', {
          headers: { authorization: `Bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ''}` }
        }),
      rekor: async () => propose(sandbox, entry())
    }
    const response = await answer[service]()
    expect(response.status).toBe(400)
    const expected = service === 'oidc' ? env.ACTIONS_ID_TOKEN_REQUEST_TOKEN : token
    expect(response.headers.get('x-echo')).toBe(expected)
    expect(await response.text()).toContain(expected)
  })

  it('knows no other fault', async () => {
    await expect(sandbox.fault({ service: 'tsa', kind: 'no-sct' })).rejects.toThrow(
      /tsa knows no fault no-sct/
    )
  })
})
