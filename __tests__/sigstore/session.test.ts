import { X509Certificate, createHash, createPublicKey, verify } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { inspect } from 'node:util'

import type { Bundle } from '@sigstore/bundle'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'

import type { Fault } from '../../sandbox/client.ts'
import { KeylessError } from '../../src/errors.ts'
import { createHttp, type Http, type HttpRequest, type Log } from '../../src/http.ts'
import { serializeBundle } from '../../src/sigstore/bundle.ts'
import { openSession, type Session } from '../../src/sigstore/session.ts'
import type { Services } from '../../src/sigstore/signing-config.ts'
import { parseBundle } from '../../src/trust/bundle.ts'
import { exactly } from '../../src/trust/policy.ts'
import { parseTrustedRoots } from '../../src/trust/root.ts'
import { verifyBundle, type Expectation, type Verified } from '../../src/trust/verify.ts'
import { fakeLog, fakeTime } from '../http/loopback.ts'
import { ISSUER, startInstance, type Instance } from './instance.ts'

const MINUTE = 60_000

let instance: Instance
beforeAll(async () => {
  instance = await startInstance()
})
afterEach(() => instance.sandbox.clearFaults())
afterAll(() => instance.stop())

const digest = (content: string): Buffer => createHash('sha256').update(content).digest()
const rawCertificate = ({ verificationMaterial: { content } }: Bundle): Buffer => {
  if (content.$case !== 'certificate') throw new Error('no certificate')
  return content.certificate.rawBytes
}
const signatureOf = ({ content }: Bundle): Buffer =>
  content.$case === 'messageSignature'
    ? content.messageSignature.signature
    : (content.dsseEnvelope.signatures[0]?.sig ?? Buffer.alloc(0))

type Run = { session: Session; log: Log & { lines: string[] }; time: ReturnType<typeof fakeTime> }

/** A session on a clock that only waiting moves. `around` stands between it and the services. */
function open(
  options: {
    minutes?: number
    around?: (http: Http) => Http
    identity?: Instance['identity']
    services?: Services
  } = {}
): Run {
  const { minutes = 10, around = (http: Http) => http, identity = instance.identity } = options
  const time = fakeTime(1)
  const log = fakeLog()
  const http = around(createHttp({ deadline: minutes * MINUTE, log, time }))
  const { services = instance.services } = options
  return { time, log, session: openSession({ services, identity, http, log, time }) }
}

/** A session with Rekor v2. */
const openV2 = (options: Parameters<typeof open>[0] = {}): Run =>
  open({ ...options, services: instance.servicesV2 })

/** Services as they are, except that one stays away until the clock shows a time. */
function away(service: string, until: number): Fault & { end: number } {
  return { service: service as 'rekor', kind: 'status', status: 503, end: until }
}

/** Runs with a fault in force until the clock passes its end. */
async function under(fault: Fault & { end: number }, minutes?: number, start = open): Promise<Run> {
  const { end, ...kind } = fault
  await instance.sandbox.fault(kind)
  const run = start(minutes === undefined ? {} : { minutes })
  run.time.sleep = async milliseconds => {
    run.time.pass(milliseconds)
    if (run.time.now() >= end) await instance.sandbox.clearFaults()
  }
  return run
}

async function asked(since = 0): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { service } of (await instance.sandbox.requests()).slice(since)) {
    counts[service] = (counts[service] ?? 0) + 1
  }
  return counts
}

describe('a session', () => {
  it('asks nobody before the first signature, and then for one certificate', async () => {
    const since = (await instance.sandbox.requests()).length
    const { session } = open()
    expect(await asked(since)).toEqual({})
    expect(session.certificates).toBe(0)

    const names = Array.from({ length: 40 }, (_, i) => `file ${i}`)
    const bundles = await Promise.all(names.map(name => session.signDigest(digest(name))))
    expect(await asked(since)).toEqual({ oidc: 1, fulcio: 1, rekor: 40, tsa: 40 })
    expect(session.certificates).toBe(1)
    expect(new Set(bundles.map(each => rawCertificate(each).toString('hex'))).size).toBe(1)
    bundles.forEach((bundle, i) => {
      const { publicKey } = new X509Certificate(rawCertificate(bundle))
      expect(verify('sha256', Buffer.from(`file ${i}`), publicKey, signatureOf(bundle))).toBe(true)
    })
  })

  it('gives a message signature all it needs', async () => {
    const bundle = await open().session.signDigest(digest('a'))
    expect(bundle.mediaType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json')
    expect(bundle.content).toMatchObject({
      $case: 'messageSignature',
      messageSignature: { messageDigest: { digest: digest('a') } }
    })
    const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial
    expect(tlogEntries).toHaveLength(1)
    expect(tlogEntries[0]?.kindVersion).toEqual({ kind: 'hashedrekord', version: '0.0.1' })
    expect(timestampVerificationData?.rfc3161Timestamps).toHaveLength(1)
  })

  it('gives a statement all it needs', async () => {
    const payload = Buffer.from('{"_type":"https://in-toto.io/Statement/v1","ü":1}')
    const bundle = await open().session.signStatement(payload)
    expect(bundle.content).toMatchObject({
      $case: 'dsseEnvelope',
      dsseEnvelope: { payload, payloadType: 'application/vnd.in-toto+json' }
    })
    const pae = Buffer.concat([
      Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} `),
      payload
    ])
    const key = createPublicKey(
      new X509Certificate(rawCertificate(bundle)).publicKey.export({ type: 'spki', format: 'pem' })
    )
    expect(verify('sha256', pae, key, signatureOf(bundle))).toBe(true)
    const { tlogEntries } = bundle.verificationMaterial
    expect(tlogEntries.map(entry => entry.kindVersion?.kind)).toEqual(['dsse'])
  })

  it('signs the same content twice without a conflict', async () => {
    const { session } = open()
    const since = (await instance.sandbox.requests()).length
    const [one, two] = await Promise.all([
      session.signDigest(digest('x')),
      session.signDigest(digest('x'))
    ])
    expect(signatureOf(one)).not.toEqual(signatureOf(two))
    expect(
      (await instance.sandbox.requests()).slice(since).map(({ status }) => status)
    ).not.toContain(409)
  })

  it('logs statements in Rekor v2 as it logs files: the digest of what was signed', async () => {
    const payload = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}')
    const pae = Buffer.concat([
      Buffer.from(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} `),
      payload
    ])
    const { session } = openV2()
    const bundles = await Promise.all([
      session.signDigest(digest('a')),
      session.signStatement(payload)
    ])
    const entries = bundles.flatMap(each => each.verificationMaterial.tlogEntries)
    expect(entries.map(entry => entry.kindVersion)).toEqual([
      { kind: 'hashedrekord', version: '0.0.2' },
      { kind: 'hashedrekord', version: '0.0.2' }
    ])
    const digests = entries.map(entry => JSON.parse(entry.canonicalizedBody.toString()) as unknown)
    expect(digests).toMatchObject(
      [digest('a'), createHash('sha256').update(pae).digest()].map(each => ({
        spec: { hashedRekordV002: { data: { digest: each.toString('base64') } } }
      }))
    )
  })

  it.each([
    ['v1', 32, () => open],
    ['v2', 100, () => openV2]
  ] as const)('with Rekor %s has at most %d signatures on their way', async (_, limit, start) => {
    let now = 0
    let most = 0
    const around = (http: Http): Http => ({
      request: async request => {
        if (request.service !== 'Rekor') return http.request(request)
        most = Math.max(most, ++now)
        return http.request(request).finally(() => now--)
      }
    })
    const { session } = start()({ around })
    await Promise.all(Array.from({ length: 150 }, (_, i) => session.signDigest(digest(`${i}`))))
    expect(most).toBe(limit)
  })

  it('takes no log where there is none', async () => {
    const { fulcio, timestampAuthorities } = instance.services
    const log = fakeLog()
    const http = createHttp({ deadline: performance.now() + MINUTE, log })
    const services = { fulcio, timestampAuthorities }
    const session = openSession({ services, identity: instance.identity, http, log })
    const { verificationMaterial } = await session.signDigest(digest('a'))
    expect(verificationMaterial.tlogEntries).toEqual([])
    expect(verificationMaterial.timestampVerificationData?.rfc3161Timestamps).toHaveLength(1)
  })
})

describe('what it signs', () => {
  const content = Buffer.from('content')
  const sha256 = createHash('sha256').update(content).digest('hex')
  const statement = Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'file', digest: { sha256 } }],
      predicateType: 'https://example.com/predicate',
      predicate: {}
    })
  )

  const ways: [string, (session: Session) => Promise<Bundle>, Expectation][] = [
    [
      'message signature',
      session => session.signDigest(Buffer.from(sha256, 'hex')),
      { kind: 'message-signature' }
    ],
    [
      'statement',
      session => session.signStatement(statement),
      { kind: 'statement', predicateType: 'https://example.com/predicate' }
    ]
  ]

  it.each(ways)('is believed, read back from its text: a %s', async (_, sign, expectation) => {
    const verified = await believe(await sign(open().session), expectation)
    expect(verified.times.map(({ source }) => source).sort()).toEqual([
      'rekor',
      'timestamp-authority'
    ])
    expect(verified.logEntry).toMatchObject({ version: 'v1', url: instance.services.rekor?.url })
  })

  it.each(ways)('is believed with Rekor v2: a %s', async (_, sign, expectation) => {
    const bundle = await sign(openV2().session)
    const verified = await believe(bundle, expectation)
    expect(verified.times.map(({ source }) => source)).toEqual(['timestamp-authority'])
    const [entry] = bundle.verificationMaterial.tlogEntries
    expect(verified.logEntry).toMatchObject({
      version: 'v2',
      url: instance.servicesV2.rekor?.url,
      index: entry?.logIndex
    })
  })

  async function believe(bundle: Bundle, expectation: Expectation): Promise<Verified> {
    const { sandbox } = instance
    const text = serializeBundle(bundle)
    expect(text).not.toContain('null')
    const workflow = sandbox.env.GITHUB_WORKFLOW_REF ?? ''
    const requirements = [
      exactly('issuer', ISSUER),
      exactly('subjectAlternativeName', `https://github.com/${workflow}`)
    ]
    return verifyBundle(parseBundle(text, 'bundle'), {
      roots: parseTrustedRoots(await readFile(sandbox.trustedRoot, 'utf8'), 'root'),
      digest: algorithm => Promise.resolve(createHash(algorithm).update(content).digest('hex')),
      expect: expectation,
      signer: { identity: { requirements } }
    })
  }
})

describe('an outage', () => {
  it.each(['fulcio', 'rekor', 'tsa'])(
    'of %s is sat out under the same certificate',
    async service => {
      const { session, time } = await under(away(service, 5 * MINUTE))
      const bundles = await Promise.all(
        ['a', 'b', 'c'].map(name => session.signDigest(digest(name)))
      )
      expect(bundles).toHaveLength(3)
      expect(session.certificates).toBe(1)
      expect(time.now()).toBeGreaterThan(5 * MINUTE)
    }
  )

  it.each(['rekor', 'tsa'])(
    'of %s longer than a certificate lasts: signatures are made again under a new one',
    async service => {
      const { session } = await under(away(service, 9 * MINUTE), 20)
      const [a, b] = await Promise.all(['a', 'b'].map(name => session.signDigest(digest(name))))
      expect(session.certificates).toBe(2)
      if (a === undefined || b === undefined) throw new Error('no bundles')
      expect(rawCertificate(a)).toEqual(rawCertificate(b))
      const { publicKey } = new X509Certificate(rawCertificate(a))
      expect(verify('sha256', Buffer.from('a'), publicKey, signatureOf(a))).toBe(true)
    }
  )

  it('that outlasts the time names the service and what it answered last', async () => {
    const { session, time } = await under(away('rekor', Infinity), 3)
    await expect(session.signDigest(digest('a'))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringMatching(
        /^Rekor \(.*\) stayed unavailable for .* 503 Service Unavailable/
      )
    })
    expect(time.now()).toBeGreaterThan(2 * MINUTE)
  })

  it('that goes on through three certificates ends the run', async () => {
    const { session, time } = await under(away('rekor', Infinity), 60)
    await expect(session.signDigest(digest('a'))).rejects.toMatchObject({
      code: 'NO_PROGRESS',
      message: expect.stringMatching(/3 certificates in a row.*503 Service Unavailable/)
    })
    expect(session.certificates).toBe(3)
    expect(time.now()).toBeGreaterThanOrEqual(24 * MINUTE)
  })

  it('does not count against a session that goes on', async () => {
    const { session, time } = open({ minutes: 600 })
    for (let i = 0; i < 5; i++) {
      await session.signDigest(digest(`${i}`))
      time.pass(8 * MINUTE)
    }
    expect(session.certificates).toBe(5)
  })
})

describe('a conflict in Rekor v2', () => {
  it('costs the signature: it is made and stamped anew, under the same certificate', async () => {
    await instance.sandbox.fault({ service: 'rekor2', kind: 'commit-then-500', times: 1 })
    const since = (await instance.sandbox.requests()).length
    const { session } = openV2()
    const bundle = await session.signDigest(digest('a'))
    expect(await asked(since)).toEqual({ oidc: 1, fulcio: 1, rekor2: 3, tsa: 2 })
    expect(session.certificates).toBe(1)
    const [entry] = bundle.verificationMaterial.tlogEntries
    expect(entry?.canonicalizedBody.toString()).toContain(signatureOf(bundle).toString('base64'))
    const { publicKey } = new X509Certificate(rawCertificate(bundle))
    expect(verify('sha256', Buffer.from('a'), publicKey, signatureOf(bundle))).toBe(true)
  })

  it('again and again is waited out, longer each time', async () => {
    await instance.sandbox.fault({ service: 'rekor2', kind: 'conflict', times: 7 })
    const { session, time } = openV2()
    await session.signDigest(digest('a'))
    expect(time.waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 20_000])
  })

  it('that never ends is said, and no ever more entries are made', async () => {
    await instance.sandbox.fault({ service: 'rekor2', kind: 'conflict' })
    const since = (await instance.sandbox.requests()).length
    const { session } = openV2({ minutes: 60 })
    await expect(session.signDigest(digest('a'))).rejects.toMatchObject({
      code: 'REKOR_CONFLICT',
      message: expect.stringMatching(/^Rekor \(http.*409/)
    })
    expect((await asked(since)).rekor2).toBe(8)
  })

  it('does not count against the next signature', async () => {
    const { session } = openV2()
    for (const name of ['a', 'b']) {
      await instance.sandbox.fault({ service: 'rekor2', kind: 'conflict', times: 5 })
      await expect(session.signDigest(digest(name))).resolves.toBeDefined()
    }
  })
})

describe('an outage of Rekor v2', () => {
  it('is sat out under the same certificate', async () => {
    const { session, time } = await under(away('rekor2', 5 * MINUTE), 10, openV2)
    const bundles = await Promise.all(['a', 'b', 'c'].map(name => session.signDigest(digest(name))))
    expect(bundles).toHaveLength(3)
    expect(session.certificates).toBe(1)
    expect(time.now()).toBeGreaterThan(5 * MINUTE)
  })

  it('longer than a certificate lasts: signatures are made again under a new one', async () => {
    const { session } = await under(away('rekor2', 9 * MINUTE), 20, openV2)
    const bundle = await session.signDigest(digest('a'))
    expect(session.certificates).toBe(2)
    const { publicKey } = new X509Certificate(rawCertificate(bundle))
    expect(verify('sha256', Buffer.from('a'), publicKey, signatureOf(bundle))).toBe(true)
  })

  it('does not make a run fall back to Rekor v1, which the signing config offers too', async () => {
    const since = (await instance.sandbox.requests()).length
    const { session } = await under(away('rekor2', Infinity), 3, openV2)
    await expect(session.signDigest(digest('a'))).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      message: expect.stringMatching(/^Rekor \(.*503 Service Unavailable/)
    })
    expect((await asked(since)).rekor).toBeUndefined()
  })
})

describe('a certificate', () => {
  it('is used until it is 8 minutes old', async () => {
    const { session, time } = open({ minutes: 60 })
    await session.signDigest(digest('a'))
    time.pass(8 * MINUTE - 30_000)
    await session.signDigest(digest('b'))
    expect(session.certificates).toBe(1)
    time.pass(30_000)
    await Promise.all(['c', 'd'].map(name => session.signDigest(digest(name))))
    expect(session.certificates).toBe(2)
  })
})

describe('a token that Fulcio refuses', () => {
  /** Fulcio answers after a wait; the first so many answers are 400. */
  const refusing = (times: number, wait: number, run: () => Run) => {
    const bodies: string[] = []
    const around = (http: Http): Http => ({
      request: async (request: HttpRequest) => {
        if (request.service !== 'Fulcio') return http.request(request)
        bodies.push(String(request.body))
        run().time.pass(wait)
        if (bodies.length > times) return http.request(request)
        return { status: 400, headers: {}, body: Buffer.from('{"message":"bad token"}') }
      }
    })
    return { around, bodies }
  }

  function start(times: number, wait: number): { run: Run; identity: jest.Mock; bodies: string[] } {
    const identity = jest.fn(instance.identity)
    const { around, bodies } = refusing(times, wait, () => run)
    const run: Run = open({ minutes: 60, around, identity })
    return { run, identity, bodies }
  }

  it('after it grew old in waiting is replaced by a fresh one, with a fresh key', async () => {
    const { run, identity, bodies } = start(2, 4 * MINUTE)
    await expect(run.session.signDigest(digest('a'))).resolves.toBeDefined()
    expect(identity).toHaveBeenCalledTimes(3)
    expect(run.session.certificates).toBe(1)
    const keys = bodies.map(
      body =>
        (JSON.parse(body) as { publicKeyRequest: { publicKey: { content: string } } })
          .publicKeyRequest.publicKey.content
    )
    expect(new Set(keys).size).toBe(3)
  })

  it('is not replaced more than twice', async () => {
    const { run, identity } = start(9, 4 * MINUTE)
    await expect(run.session.signDigest(digest('a'))).rejects.toMatchObject({
      code: 'FULCIO_REFUSED_TOKEN'
    })
    expect(identity).toHaveBeenCalledTimes(3)
  })

  it('when it is fresh is refused for good', async () => {
    const { run, identity } = start(9, 4 * MINUTE - 1)
    await expect(run.session.signDigest(digest('a'))).rejects.toMatchObject({
      code: 'FULCIO_REFUSED_TOKEN',
      message: expect.stringContaining('"bad token"')
    })
    expect(identity).toHaveBeenCalledTimes(1)
  })
})

describe('a failure', () => {
  it('ends the session for whatever still waits, without asking anybody', async () => {
    await instance.sandbox.fault({ service: 'rekor', kind: 'status', status: 400 })
    const since = (await instance.sandbox.requests()).length
    const { session } = open()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, (_, i) => session.signDigest(digest(`${i}`)))
    )
    const reasons = outcomes.map(each =>
      each.status === 'rejected' ? (each.reason as unknown) : ''
    )
    expect(
      reasons.every(each => each instanceof KeylessError && each.code === 'SERVICE_REFUSED')
    ).toBe(true)
    expect((await asked(since)).rekor).toBeLessThanOrEqual(32)
    await expect(session.signStatement(Buffer.from('{}'))).rejects.toBe(reasons.at(-1))
  })

  const faults: [Fault, string][] = [
    [{ service: 'oidc', kind: 'expired-token' }, 'CLOCK_WRONG'],
    [{ service: 'oidc', kind: 'clock', seconds: 600 }, 'CLOCK_WRONG'],
    [{ service: 'oidc', kind: 'clock', seconds: -600 }, 'CLOCK_WRONG'],
    [{ service: 'oidc', kind: 'wrong-audience' }, 'TOKEN_WRONG_AUDIENCE'],
    [{ service: 'oidc', kind: 'wrong-issuer' }, 'TOKEN_WRONG_ISSUER'],
    [{ service: 'fulcio', kind: 'echo-token' }, 'FULCIO_REFUSED_TOKEN'],
    [{ service: 'fulcio', kind: 'redirect' }, 'SERVICE_REDIRECTED'],
    [{ service: 'fulcio', kind: 'garbage' }, 'SERVICE_ANSWER_INVALID'],
    [{ service: 'fulcio', kind: 'unreachable' }, 'SERVICE_UNAVAILABLE'],
    [{ service: 'fulcio', kind: 'reset' }, 'SERVICE_UNAVAILABLE'],
    [{ service: 'rekor', kind: 'echo-token' }, 'SERVICE_REFUSED'],
    [{ service: 'rekor', kind: 'redirect' }, 'SERVICE_REDIRECTED'],
    [{ service: 'rekor', kind: 'garbage' }, 'SERVICE_ANSWER_INVALID'],
    [{ service: 'rekor', kind: 'huge' }, 'SERVICE_ANSWER_INVALID'],
    [{ service: 'rekor', kind: 'conflict', times: 1 }, ''],
    [{ service: 'rekor', kind: 'reset', times: 1 }, ''],
    [{ service: 'rekor', kind: 'unreachable', times: 2 }, ''],
    [{ service: 'rekor', kind: 'commit-then-500', times: 1 }, ''],
    [{ service: 'tsa', kind: 'echo-token' }, 'SERVICE_REFUSED'],
    [{ service: 'tsa', kind: 'redirect' }, 'SERVICE_REDIRECTED'],
    [{ service: 'tsa', kind: 'garbage' }, 'SERVICE_ANSWER_INVALID'],
    [{ service: 'tsa', kind: 'reset', times: 1 }, ''],
    [{ service: 'tsa', kind: 'commit-then-500', times: 1 }, '']
  ]

  it.each(faults)('shows no secret: %j is %s', async (fault, code) => {
    await instance.sandbox.fault(fault)
    const { session, log } = open()
    const outcome = await session
      .signDigest(digest('a'))
      .catch((error: unknown) => error as KeylessError)
    expect('code' in outcome ? outcome.code : '').toBe(code)
    const shown = inspect(outcome, { depth: Infinity }) + log.lines.join('\n')
    for (const secret of await instance.sandbox.secrets()) {
      for (const part of secret.split('.')) expect(shown).not.toContain(part.slice(0, 24))
    }
  })
})
