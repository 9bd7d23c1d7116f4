import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import dns from 'node:dns'
import { createServer as createProxy, setGlobalProxyFromEnv, type Server } from 'node:http'
import { createServer, type Server as SecureServer } from 'node:https'
import { connect, type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { promisify } from 'node:util'

import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  jest
} from '@jest/globals'

import * as x509 from '../../sandbox/certificate.ts'
import * as der from '../../sandbox/der.ts'
import { createHttp, type Http } from '../../src/http.ts'
import { answer, fakeLog, fakeTime, listen } from './loopback.ts'

const HOST = 'service.example'
const REQUEST = {
  service: 'Test',
  method: 'POST' as const,
  url: `https://${HOST}/path`,
  body: Buffer.from('token'),
  attemptTimeout: 5000,
  accept: [200]
}

function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = x509.name('test', HOST)
  const fields = {
    issuer: subject,
    subject,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    publicKey,
    serial: x509.newSerial(),
    extensions: [
      x509.extension('2.5.29.17', der.sequence(der.element(0x82, Buffer.from(HOST)))),
      x509.extension('2.5.29.19', der.sequence(der.boolean(true)), true)
    ]
  }
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { key, cert: x509.pem(x509.certify(fields, privateKey)) }
}

function port(server: Server | SecureServer): number {
  return (server.address() as AddressInfo).port
}

const authorities = tls.getCACertificates('default')
const certificate = selfSigned()
let secure: SecureServer
let proxy: Server
/** What the proxy saw: each tunnel asked for, each plain request. */
let seen: string[]
/** The statuses that the proxy answers with, before it lets anybody through. */
let refusals: number[]

beforeAll(async () => {
  secure = createServer(certificate, (request, response) => {
    request.resume().on('end', () => response.end(request.headers.host))
  })
  proxy = createProxy((request, response) => {
    seen.push(`plain ${request.url ?? ''}`)
    response.end()
  })
  proxy.on('connect', (request, socket) => {
    seen.push(`tunnel ${request.url ?? ''}`)
    const refusal = refusals.shift()
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal} No secret\r\n\r\n`)
      return
    }
    const upstream = connect(port(secure), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(socket).pipe(upstream)
    })
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
  })
  for (const server of [secure, proxy]) {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  }
})

afterAll(() => {
  tls.setDefaultCACertificates(authorities)
  for (const server of [secure, proxy]) server.close().closeAllConnections()
})

beforeEach(() => {
  seen = []
  refusals = []
  tls.setDefaultCACertificates([certificate.cert])
  process.env.https_proxy = `http://user:secret@127.0.0.1:${port(proxy)}`
  process.env.http_proxy = process.env.https_proxy
})

afterEach(() => {
  delete process.env.https_proxy
  delete process.env.http_proxy
  delete process.env.no_proxy
  jest.restoreAllMocks()
})

function client(time = fakeTime()): Http {
  return createHttp({ deadline: 60_000, log: fakeLog(), time })
}

describe('a proxy in the environment', () => {
  it('is gone through, by one tunnel for many requests', async () => {
    const http = client()
    for (let i = 0; i < 3; i++) {
      const { body } = await http.request(REQUEST)
      expect(body.toString()).toBe(HOST)
    }
    expect(seen).toEqual([`tunnel ${HOST}:443`])
  })

  it('is never shown what is meant for this machine', async () => {
    const local = await listen(answer(200))
    const restore = setGlobalProxyFromEnv(process.env) // as the doors do
    await client().request({ ...REQUEST, url: local.url })
    await client().request({ ...REQUEST, url: `http://localhost:${local.port}` })
    const overTls = client().request({ ...REQUEST, url: `https://127.0.0.1:${port(secure)}` })
    await expect(overTls).rejects.toThrow('ERR_TLS_CERT_ALTNAME_INVALID')
    restore()
    await local.close()
    expect(seen).toEqual([])
  })

  it('is asked again when it is overloaded', async () => {
    refusals = [503, 429]
    await client().request(REQUEST)
    expect(seen).toHaveLength(3)
  })

  it('that refuses is named as the reason, without its password', async () => {
    refusals = [407, 407]
    const given = client().request(REQUEST)
    await expect(given).rejects.toMatchObject({
      code: 'SERVICE_UNREACHABLE',
      message: expect.stringContaining('the proxy answered 407')
    })
    await expect(given).rejects.not.toThrow(/secret/)
    expect(seen).toHaveLength(1)
  })

  it('that is not there is asked until the deadline', async () => {
    process.env.https_proxy = 'http://user:secret@127.0.0.1:1'
    const given = client().request(REQUEST)
    await expect(given).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    await expect(given).rejects.not.toThrow(/secret/)
  })
})

describe('TLS', () => {
  it('with an authority that nobody vouches for is refused at once', async () => {
    tls.setDefaultCACertificates([])
    await expect(client().request(REQUEST)).rejects.toMatchObject({
      code: 'SERVICE_UNREACHABLE',
      message: expect.stringMatching(/DEPTH_ZERO_SELF_SIGNED_CERT.*NODE_EXTRA_CA_CERTS/)
    })
    expect(seen).toHaveLength(1)
  })

  it.each([HOST, '127.0.0.1'])(
    'is checked even where the environment says not to: %s',
    async host => {
      // a process of its own: Node looks at the real environment, which a test cannot change
      const http = JSON.stringify(new URL('../../src/http.ts', import.meta.url).href)
      const url = JSON.stringify(host === HOST ? REQUEST.url : `https://${host}:${port(secure)}/`)
      const program = `
      const { createHttp } = await import(${http})
      const log = { debug() {}, info() {}, warning() {} }
      const client = createHttp({ deadline: performance.now() + 5000, log })
      const request = { service: 'Test', method: 'GET', url: ${url}, attemptTimeout: 5000, accept: [200] }
      await client.request(request).then(() => console.log('trusted'), error => console.log(error.message))`
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--no-warnings', '--input-type=module', '--eval', program],
        {
          env: { NODE_TLS_REJECT_UNAUTHORIZED: '0', https_proxy: `http://127.0.0.1:${port(proxy)}` }
        }
      )
      expect(stdout).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')
    }
  )

  it('with a certificate for another host is refused', async () => {
    await expect(
      client().request({ ...REQUEST, url: 'https://other.example/' })
    ).rejects.toMatchObject({
      code: 'SERVICE_UNREACHABLE',
      message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID')
    })
  })
})

describe('a host name', () => {
  const resolveTo = (code: string): jest.SpiedFunction<typeof dns.lookup> => {
    process.env.no_proxy = HOST
    const fail = ((_: string, __: unknown, callback: (error: Error) => void) => {
      callback(Object.assign(new Error('secret'), { code }))
    }) as unknown as typeof dns.lookup
    return jest.spyOn(dns, 'lookup').mockImplementation(fail)
  }

  it('that does not exist is not asked for again', async () => {
    const lookup = resolveTo('ENOTFOUND')
    await expect(client().request(REQUEST)).rejects.toMatchObject({
      code: 'SERVICE_UNREACHABLE',
      message: expect.stringContaining('no such host (ENOTFOUND)')
    })
    expect(lookup).toHaveBeenCalledTimes(1)
  })

  it('that cannot be looked up for now is asked for until the deadline', async () => {
    const lookup = resolveTo('EAI_AGAIN')
    await expect(client().request(REQUEST)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    expect(lookup.mock.calls.length).toBeGreaterThan(3)
  })
})
