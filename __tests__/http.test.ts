import type { ServerResponse } from 'node:http'

import { afterEach, describe, expect, it } from '@jest/globals'

import { createHttp, type Http, type HttpRequest } from '../src/http.ts'
import { unavailable } from '../src/http/failures.ts'
import { answer, fakeLog, fakeTime, listen, type Loopback } from './http/loopback.ts'

const open: Loopback[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(each => each.close()))
})

async function service(...answers: Parameters<typeof listen>): Promise<Loopback> {
  const loopback = await listen(...answers)
  open.push(loopback)
  return loopback
}

function client(time = fakeTime(), deadline = 600_000): Http {
  return createHttp({ deadline, log: fakeLog(), time })
}

function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { service: 'Test', method: 'GET', url, attemptTimeout: 5000, accept: [200], ...more }
}

describe('the URL', () => {
  it.each([
    'http://example.com/?secret=1',
    'http://127.0.0.1.example.com/',
    'http://localhost.example.com/',
    'http://127.0.0.1@example.com/',
    'http://[::2]/',
    'http://0.0.0.0/',
    'ftp://localhost/',
    'not a url, secret'
  ])('is refused when it is not https: %s', async url => {
    const refused = client().request(get(url))
    await expect(refused).rejects.toMatchObject({ code: 'SERVICE_URL_INSECURE' })
    await expect(refused).rejects.not.toThrow(/secret/)
  })

  it.each(['127.0.0.1', 'localhost', '127.1'])('may be plain http for %s', async host => {
    const { port } = await service(answer(200, 'yes'))
    const { body } = await client().request(get(`http://${host}:${port}/`))
    expect(body.toString()).toBe('yes')
  })
})

describe('a request', () => {
  it('asks for an unencoded answer and says how long its body is', async () => {
    const { url, requests } = await service(answer(200))
    const body = Buffer.from('ü')
    await client().request(
      get(url, { method: 'POST', body, headers: { 'accept-encoding': 'gzip' } })
    )
    expect(requests[0]?.headers).toMatchObject({
      'accept-encoding': 'identity',
      'content-length': '2'
    })
    expect(requests[0]?.headers['transfer-encoding']).toBeUndefined()
  })

  it('reads headers beyond the 16 KiB that Node takes by itself', async () => {
    const { url } = await service(answer(200, '', { 'x-long': 'x'.repeat(40_000) }))
    const { headers } = await client().request(get(url))
    expect(headers['x-long']).toHaveLength(40_000)
  })

  it('goes over connections that stay open', async () => {
    const { url, requests } = await service(answer(200))
    const http = client()
    for (let i = 0; i < 5; i++) await http.request(get(url))
    expect(new Set(requests.map(({ socket }) => socket)).size).toBe(1)
  })

  it('has a connection for each of a hundred at once', async () => {
    let waiting: (() => void)[] = []
    const { url } = await service((_, response) => {
      waiting.push(() => response.end())
      // only when all are here does any get its answer
      if (waiting.length === 100) for (const go of waiting.splice(0)) go()
    })
    const http = client()
    await Promise.all(Array.from({ length: 100 }, () => http.request(get(url))))
    waiting = []
  })
})

describe('what is retried', () => {
  it.each([408, 425, 429, 500, 502, 503, 504])('%d is', async status => {
    const { url, requests } = await service(answer(status), answer(200, 'at last'))
    const { body } = await client().request(get(url, { method: 'POST', body: Buffer.from('x') }))
    expect(body.toString()).toBe('at last')
    expect(requests).toHaveLength(2)
  })

  it.each([400, 401, 403, 404, 405, 409, 413, 202, 304, 501])('%d is not', async status => {
    const { url, requests } = await service(answer(status, status === 304 ? '' : 'the reason'))
    await expect(client().request(get(url))).rejects.toMatchObject({
      code: 'SERVICE_REFUSED',
      message: expect.stringContaining(String(status))
    })
    expect(requests).toHaveLength(1)
  })

  it('hands back a status that the caller takes as an answer', async () => {
    const { url } = await service(answer(409, '', { location: '/there' }))
    const { status, headers } = await client().request(get(url, { accept: [201, 409] }))
    expect({ status, location: headers.location }).toEqual({ status: 409, location: '/there' })
  })

  it('includes a status that means "not yet" for this request', async () => {
    const { url } = await service(answer(404), answer(200))
    await expect(client().request(get(url, { notYet: [404] }))).resolves.toMatchObject({
      status: 200
    })
  })

  it('includes a connection that is reset', async () => {
    const { url } = await service(({ socket }) => socket.resetAndDestroy(), answer(200))
    await expect(client().request(get(url))).resolves.toMatchObject({ status: 200 })
  })

  it('includes a connection that is closed without an answer', async () => {
    const { url } = await service(({ socket }) => socket.destroy(), answer(200))
    await expect(client().request(get(url))).resolves.toMatchObject({ status: 200 })
  })

  it('includes an answer that is cut short', async () => {
    const cut = (_: unknown, response: ServerResponse): void => {
      response.writeHead(200, { 'content-length': '10' }).write('half')
      setTimeout(() => response.destroy(), 10)
    }
    const { url } = await service(cut, answer(200, 'whole'))
    const { body } = await client().request(get(url))
    expect(body.toString()).toBe('whole')
  })

  it('does not include a PATCH, of which nobody knows how far it came', async () => {
    const { url, requests } = await service(answer(503), answer(200))
    const given = client().request(get(url, { method: 'PATCH', body: Buffer.from('x') }))
    await expect(given).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    expect(requests).toHaveLength(1)
  })

  it('includes a port that nobody listens on, until somebody does', async () => {
    const gone = await listen(answer(200))
    await gone.close()
    const time = fakeTime()
    const wake = (): Promise<void> =>
      new Promise(resolve => gone.server.listen(gone.port, '127.0.0.1', resolve))
    open.push(gone)
    await expect(client({ ...time, sleep: wake }).request(get(gone.url))).resolves.toMatchObject({
      status: 200
    })
  })

  it('does not include an answer that is not HTTP', async () => {
    const { url, requests } = await service(({ socket }) => socket.end('+OK POP3 ready\r\n'))
    await expect(client().request(get(url))).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID'
    })
    expect(requests).toHaveLength(1)
  })
})

describe('the waits', () => {
  it('double from half a second up to twenty seconds', async () => {
    const time = fakeTime(1)
    const { url } = await service(
      ...Array<ReturnType<typeof answer>>(8).fill(answer(503)),
      answer(200)
    )
    await client(time).request(get(url))
    expect(time.waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 20_000, 20_000])
  })

  it('are drawn from the whole range below that', async () => {
    const time = fakeTime(0.25)
    const { url } = await service(answer(503), answer(503), answer(200))
    await client(time).request(get(url))
    expect(time.waits).toEqual([125, 250])
  })

  it.each([
    ['7', 7000],
    ['600', 60_000]
  ])('obey Retry-After: %s', async (after, wait) => {
    const time = fakeTime(0)
    const { url } = await service(answer(429, '', { 'retry-after': after }), answer(200))
    await client(time).request(get(url))
    expect(time.waits).toEqual([wait])
  })

  it('obey a Retry-After that names a time', async () => {
    const time = fakeTime(0)
    const after = new Date(Date.now() + 30_000).toUTCString()
    const { url } = await service(answer(503, '', { 'retry-after': after }), answer(200))
    await client(time).request(get(url))
    expect(time.waits[0]).toBeGreaterThan(25_000)
    expect(time.waits[0]).toBeLessThanOrEqual(30_000)
  })

  it.each(['soon', '-5', '0'])('take no notice of Retry-After: %s', async after => {
    const time = fakeTime(1)
    const { url } = await service(answer(503, '', { 'retry-after': after }), answer(200))
    await client(time).request(get(url))
    expect(time.waits).toEqual([500])
  })
})

describe('the deadline', () => {
  it('ends the retries, and says who did not answer and what came last', async () => {
    const time = fakeTime(1)
    const { url, requests } = await service(answer(500), answer(503))
    const given = client(time, 600_000).request(get(`${url}/api?token=secret`))
    await expect(given).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    await expect(given).rejects.toThrow(
      `Test (${url}/api) stayed unavailable for 600 s (attempts: ${requests.length}); ` +
        'its last answer was 503 Service Unavailable.'
    )
    await expect(given).rejects.not.toThrow(/status\.sigstore\.dev|secret/)
    // no fixed number of attempts: ten minutes hold about thirty-five
    expect(requests.length).toBeGreaterThan(30)
    expect(time.now()).toBeLessThanOrEqual(600_000)
  })

  it('ends a wait that would outlast it before it begins', async () => {
    const time = fakeTime(1)
    const { url } = await service(answer(503, '', { 'retry-after': '60' }))
    await expect(client(time, 50_000).request(get(url))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE'
    })
    expect(time.waits).toEqual([])
  })

  it('is past: nothing is asked', async () => {
    const { url, requests } = await service(answer(200))
    await expect(client(fakeTime(), 0).request(get(url))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE'
    })
    expect(requests).toHaveLength(0)
  })

  it('bounds an attempt that would take longer', async () => {
    const { url } = await service(() => undefined)
    const http = createHttp({ deadline: performance.now() + 50, log: fakeLog() })
    await expect(http.request(get(url))).rejects.toThrow(/no complete answer within (50|4\d) ms/)
  })

  it.each([
    ['https://rekor.sigstore.dev/api', true],
    ['https://log2025-1.rekor.sigstore.dev/api', true],
    ['https://rekor.sigstage.dev/api', false],
    ['https://evilsigstore.dev/api', false],
    ['https://rekor.example.com/api', false]
  ])('points at the status page for public-good only: %s', (url, points) => {
    const error = unavailable('Rekor', new URL(url), { spent: 1, attempts: 1, last: 'x' })
    expect(error.message.includes('https://status.sigstore.dev')).toBe(points)
  })

  it('of one request lets the others go on', async () => {
    const time = fakeTime(1)
    const { url } = await service(answer(503))
    await expect(client(time).request(get(url, { expires: 3000 }))).rejects.toMatchObject({
      code: 'REQUEST_EXPIRED'
    })
    expect(time.now()).toBe(3000)
  })
})

describe('one attempt', () => {
  it('ends in time although bytes keep dripping', async () => {
    let timer: NodeJS.Timeout | undefined
    const drip = (_: unknown, response: ServerResponse): void => {
      response.writeHead(200, { 'content-length': '1000' })
      timer = setInterval(() => response.write('x'), 10)
    }
    const { url } = await service(drip, answer(200, 'whole'))
    const { body } = await client().request(get(url, { attemptTimeout: 100 }))
    clearInterval(timer)
    expect(body.toString()).toBe('whole')
  })

  it('ends in time when nothing comes at all', async () => {
    const { url, requests } = await service(() => undefined, answer(200))
    await client().request(get(url, { attemptTimeout: 50 }))
    expect(requests).toHaveLength(2)
  })

  it('takes no more than it was told to, and lets go of the connection', async () => {
    const closed: Promise<unknown>[] = []
    const { url, requests } = await service((request, response) => {
      closed.push(new Promise(resolve => request.socket.once('close', resolve)))
      response.write(Buffer.alloc(3000))
    })
    await expect(client().request(get(url, { maxBytes: 2000 }))).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID',
      message: expect.stringContaining('more than the 2000 bytes')
    })
    await Promise.all(closed)
    expect(requests).toHaveLength(1)
  })

  it('takes up to 1 MiB when it was told nothing', async () => {
    const mib = 'x'.repeat(1024 * 1024)
    const { url } = await service(answer(200, mib), answer(200, `${mib}x`))
    const http = client()
    await expect(http.request(get(url))).resolves.toMatchObject({ status: 200 })
    await expect(http.request(get(url))).rejects.toMatchObject({ code: 'SERVICE_ANSWER_INVALID' })
  })

  it('refuses an encoded answer that it did not ask for', async () => {
    const { url } = await service(answer(200, 'x', { 'content-encoding': 'gzip' }))
    await expect(client().request(get(url))).rejects.toMatchObject({
      code: 'SERVICE_ANSWER_INVALID'
    })
  })
})

describe('a redirect', () => {
  const to = (location: string, status = 302) => answer(status, '', { location })

  it.each([
    ...[301, 302, 303, 307, 308].map(status => [status, 'POST'] as const),
    [307, 'PUT'] as const,
    [307, 'PATCH'] as const
  ])('%d is not followed by a %s', async (status, method) => {
    const other = await service(answer(200))
    const { url } = await service(to(`${other.url}/steal?it=secret`, status))
    const given = client().request(get(url, { method, body: Buffer.from('token') }))
    await expect(given).rejects.toMatchObject({ code: 'SERVICE_REDIRECTED' })
    await expect(given).rejects.toThrow(`redirects to ${other.url}/steal,`)
    expect(other.requests).toHaveLength(0)
  })

  it.each(['somebody', ':secret', '%ff'])('is not followed as a user, %s', async user => {
    const { url, requests } = await service(answer(200))
    const there = url.replace('//', `//${user}@`)
    const { url: start } = await service(to(`${there}/there`))
    const given = client().request(get(start))
    await expect(given).rejects.toMatchObject({ code: 'SERVICE_REDIRECTED' })
    await expect(given).rejects.not.toThrow(user)
    expect(requests).toHaveLength(0)
  })

  it('is not followed by a request that says so', async () => {
    const { url, requests } = await service(to('/1'), answer(200))
    await expect(client().request(get(url, { redirects: false }))).rejects.toMatchObject({
      code: 'SERVICE_REDIRECTED'
    })
    expect(requests).toHaveLength(1)
  })

  it.each(['GET', 'HEAD'] as const)('is followed three times by a %s', async method => {
    const { url, requests } = await service(to('/1'), to('/2'), to('3'), answer(200, 'here'))
    const { body } = await client().request(get(`${url}/0`, { method }))
    expect(body.toString()).toBe(method === 'GET' ? 'here' : '')
    expect(requests.map(request => request.method)).toEqual(Array(4).fill(method))
    expect(requests.map(request => request.url)).toEqual(['/0', '/1', '/2', '/3'])
  })

  it('is not followed a fourth time', async () => {
    const { url, requests } = await service(to('/again'))
    await expect(client().request(get(url))).rejects.toMatchObject({ code: 'SERVICE_REDIRECTED' })
    expect(requests).toHaveLength(4)
  })

  it('takes the headers of the caller along to the same host only', async () => {
    const other = await service(answer(200))
    const { url, requests } = await service(to('/same'), to(other.url))
    const headers = {
      authorization: 'Bearer secret',
      cookie: 'secret',
      'x-token': 'secret',
      accept: 'a/b'
    }
    await client().request(get(url, { headers }))
    expect(requests[1]?.headers).toMatchObject(headers)
    expect(JSON.stringify(other.requests[0]?.rawHeaders)).not.toContain('secret')
    expect(other.requests[0]?.headers.accept).toBe('a/b')
  })

  it.each(['https://localhost/', 'http://example.com/', 'ftp://localhost/', 'http://:0', ''])(
    'to "%s" is refused',
    async location => {
      const { url } = await service(to(location))
      const given = client().request(get(url))
      await expect(given).rejects.toMatchObject({
        code: location === 'http://example.com/' ? 'SERVICE_URL_INSECURE' : 'SERVICE_REDIRECTED'
      })
    }
  )
})

describe('secrets', () => {
  const token = `${'e'.repeat(40)}.${'y'.repeat(60)}.${'J'.repeat(80)}`

  it.each([
    ['in JSON', JSON.stringify({ code: 3, message: `cannot process ${token}\n::error::x` })],
    ['in JSON of another kind', JSON.stringify({ error: token })],
    ['in text', `<html>\u001b[31m${token}\u202e</html>`],
    ['in base64', Buffer.from(token).toString('base64')],
    ['beyond what is shown', 'x'.repeat(190) + ' ' + token]
  ])('that a service repeats %s do not reach the message', async (_, body) => {
    const { url } = await service(answer(400, body))
    const error = await client()
      .request(get(url))
      .catch((error: unknown) => error as Error)
    const shown = `${(error as Error).message}${String((error as Error).cause)}`
    expect(shown).not.toMatch(/eeee|yyyy|JJJJ|ZWVlZWVl/)
    // eslint-disable-next-line no-control-regex -- these are what must not be there
    expect(shown).not.toMatch(/[\u0000-\u001f\u202e]/)
    expect(shown.length).toBeLessThan(400)
  })

  it('in the URL do not reach the message', async () => {
    const { port } = await service(answer(403))
    const url = `http://user:secret@127.0.0.1:${port}/path?secret#secret`
    await expect(client().request(get(url))).rejects.not.toThrow(/secret|user/)
  })
})

describe('the log', () => {
  it('hears of the first retry of a service, and of the others when it is asked for detail', async () => {
    const { url } = await service(answer(503), answer(500), answer(200))
    const log = fakeLog()
    await createHttp({ deadline: 600_000, log, time: fakeTime() }).request(get(`${url}/?secret`))
    expect(log.lines).toEqual([
      'info: Test: its last answer was 503 Service Unavailable; trying again in 500 ms',
      'debug: Test: its last answer was 500 Internal Server Error; trying again in 1 s'
    ])
  })
})
