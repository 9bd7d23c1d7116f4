import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { json } from '@sigstore/core'
import { type Sandbox, startSandbox } from '../../sandbox/client.ts'
import { rootFromProof } from './inclusion.ts'
import { type Identity, base64, certify, post, sha256 } from './signer.ts'

type Entry = {
  logIndex: string
  logId: { keyId: string }
  kindVersion: { kind: string; version: string }
  integratedTime: string
  inclusionPromise: unknown
  inclusionProof: {
    logIndex: string
    rootHash: string
    treeSize: string
    hashes: string[]
    checkpoint: { envelope: string }
  }
  canonicalizedBody: string
}
type Log = { baseUrl: string; publicKey: { rawBytes: string }; logId: { keyId: string } }

// Every entry is a request of its own, on a machine that may be busy.
jest.setTimeout(60_000)

let sandbox: Sandbox
let identity: Identity
let log: Log
beforeAll(async () => {
  sandbox = await startSandbox()
  identity = await certify(sandbox)
  const root = JSON.parse(await readFile(sandbox.trustedRoot, 'utf8')) as { tlogs: Log[] }
  const found = root.tlogs.find(({ baseUrl }) => baseUrl === sandbox.urls.rekor2)
  if (found === undefined) throw new Error('the trusted root does not list the log')
  log = found
})
afterEach(async () => sandbox.clearFaults())
afterAll(async () => sandbox.stop())

const raw = (pem: string): string => pem.replaceAll(/-----[^-]*-----|\s/g, '')

function request(artifact: string): Record<string, unknown> {
  return {
    digest: base64(sha256(artifact)),
    signature: {
      content: base64(sign('sha256', Buffer.from(artifact), identity.key)),
      verifier: {
        keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        x509Certificate: { rawBytes: raw(identity.certificates[0] ?? '') }
      }
    }
  }
}

let count = 0
const fresh = (): Record<string, unknown> => request(`artifact ${(count += 1)}`)

const propose = async (hashedRekordRequestV002: unknown): Promise<Response> =>
  post(`${sandbox.urls.rekor2}/api/v2/log/entries`, { hashedRekordRequestV002 })

const create = async (): Promise<Entry> => (await (await propose(fresh())).json()) as Entry

const get = async (path: string): Promise<Response> =>
  fetch(`${sandbox.urls.rekor2}/api/v2/${path}`)

const bytes = async (path: string): Promise<Buffer> => {
  const response = await get(path)
  if (!response.ok) throw new Error(`${path}: ${response.status}`)
  return Buffer.from(await response.arrayBuffer())
}

/** What is wrong with an entry, in this test's own reading of the formats. */
function defects(entry: Entry): string[] {
  const { inclusionProof: proof } = entry
  const [note = '', signatures = ''] = proof.checkpoint.envelope.split('\n\n')
  const [origin = '', size = '', root = '', ...more] = note.split('\n')
  const [dash, name = '', blob = ''] = signatures.trimEnd().split(' ')
  const signature = Buffer.from(blob, 'base64')
  const der = Buffer.from(log.publicKey.rawBytes, 'base64')
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  const { x = '' } = key.export({ format: 'jwk' })
  const keyId = sha256(
    Buffer.concat([Buffer.from(`${origin}\n\u0001`), Buffer.from(x, 'base64url')])
  )
  const leads = (): string => {
    try {
      return rootFromProof(
        Buffer.from(entry.canonicalizedBody, 'base64'),
        Number(proof.logIndex),
        Number(proof.treeSize),
        proof.hashes.map(hash => Buffer.from(hash, 'base64'))
      ).toString('base64')
    } catch (error) {
      return String(error)
    }
  }
  const checks = {
    shape: entry.inclusionPromise === null && entry.integratedTime === '0',
    logId: entry.logId.keyId === log.logId.keyId && keyId.toString('base64') === log.logId.keyId,
    index: entry.logIndex === proof.logIndex,
    proof: leads() === proof.rootHash,
    origin: dash === '\u2014' && origin === name && name === new URL(log.baseUrl).hostname,
    hint: signature.subarray(0, 4).equals(keyId.subarray(0, 4)),
    signature: verify(null, Buffer.from(`${note}\n`), key, signature.subarray(4)),
    checkpoint: more.length === 0 && size === proof.treeSize && root === proof.rootHash
  }
  return Object.entries(checks).flatMap(([check, ok]) => (ok ? [] : [check]))
}

describe('Rekor v2', () => {
  it('logs a signature over a digest, in canonical JSON', async () => {
    const proposal = fresh()
    const response = await propose(proposal)
    expect(response.status).toBe(201)
    const entry = (await response.json()) as Entry
    expect(defects(entry)).toEqual([])
    expect(entry.kindVersion).toEqual({ kind: 'hashedrekord', version: '0.0.2' })
    const { digest, signature } = proposal
    const hashedRekordV002 = { data: { algorithm: 'SHA2_256', digest }, signature }
    expect(Buffer.from(entry.canonicalizedBody, 'base64').toString()).toBe(
      json.canonicalize({ apiVersion: '0.0.2', kind: 'hashedrekord', spec: { hashedRekordV002 } })
    )
  })

  it('takes bare keys, also of other curves', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const response = await propose({
      digest: createHash('sha384').update('a').digest('base64'),
      signature: {
        content: base64(sign('sha384', Buffer.from('a'), privateKey)),
        verifier: {
          keyDetails: 'PKIX_ECDSA_P384_SHA_384',
          publicKey: { rawBytes: base64(publicKey.export({ format: 'der', type: 'spki' })) }
        }
      }
    })
    const entry = (await response.json()) as Entry
    expect(defects(entry)).toEqual([])
    expect(Buffer.from(entry.canonicalizedBody, 'base64').toString()).toContain('"SHA2_384"')
  })

  it('lets all that come together wait for the same few checkpoints', async () => {
    const before = Date.now()
    const entries = await Promise.all(Array.from({ length: 100 }, create))
    expect(Date.now() - before).toBeGreaterThanOrEqual(150)
    expect(entries.flatMap(defects)).toEqual([])
    expect(new Set(entries.map(({ logIndex }) => logIndex)).size).toBe(100)
    const checkpoints = new Set(entries.map(each => each.inclusionProof.checkpoint.envelope))
    expect(checkpoints.size).toBeLessThanOrEqual(25)
  })

  it('says that it has an entry, and where, but shows no proof', async () => {
    const proposal = fresh()
    const { logIndex } = (await (await propose(proposal)).json()) as Entry
    const again = await propose(proposal)
    expect(again.status).toBe(409)
    expect(again.headers.get('x-log-index')).toBe(logIndex)
    expect(await again.json()).toEqual({
      code: 6,
      message: `an equivalent entry already exists in the transparency log with index ${logIndex}`,
      details: []
    })
  })

  it.each<[string, unknown, string]>([
    ['nothing', {}, 'invalid type, must be hashedrekord'],
    ['an envelope', { dsseRequestV002: {} }, 'invalid type, must be hashedrekord'],
    ['a proposal of v1', { kind: 'hashedrekord' }, 'unknown field "kind"'],
    ['no JSON object', 'x', 'syntax error']
  ])('takes nothing else: %s', async (_, body, message) => {
    const response = await post(`${sandbox.urls.rekor2}/api/v2/log/entries`, body)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      code: 3,
      message: expect.stringContaining(message)
    })
  })

  it.each<[string, (proposal: Record<string, unknown>) => unknown]>([
    ['no digest', ({ signature }) => ({ signature })],
    ['another digest', each => ({ ...each, digest: base64(sha256('other')) })],
    ['a byte after the digest', each => ({ ...each, digest: base64(longer(each.digest)) })],
    ['a digest that its key may not sign', () => requestOfSha384()],
    ['no signature', ({ digest }) => ({ digest })],
    ['a field more', each => ({ ...each, more: 1 })],
    ['an empty certificate', each => withVerifier(each, { x509Certificate: { rawBytes: '' } })],
    ['no certificate', each => withVerifier(each, { x509Certificate: undefined })],
    ['other key details', each => withVerifier(each, { keyDetails: 'PKIX_ECDSA_P384_SHA_384' })],
    ['no key details', each => withVerifier(each, { keyDetails: undefined })]
  ])('refuses %s', async (_, change) => {
    const response = await propose(change(fresh()))
    expect(response.status).toBe(400)
    expect(((await response.json()) as { code: number }).code).toBe(3)
  })

  it.each([
    ['bad-proof', ['proof']],
    ['bad-checkpoint', ['signature']],
    ['stale-checkpoint', ['checkpoint']]
  ] as const)('gets it wrong, when told to: %s', async (kind, wrong) => {
    await sandbox.fault({ service: 'rekor2', kind, times: 1 })
    expect(defects(await create())).toEqual(wrong)
    expect(defects(await create())).toEqual([])
  })

  it('logs, and says that it had it already, when told to', async () => {
    await sandbox.fault({ service: 'rekor2', kind: 'conflict', times: 1 })
    expect((await propose(fresh())).status).toBe(409)
    expect((await propose(fresh())).status).toBe(201)
  })
})

describe('the tiles of Rekor v2', () => {
  let before: Sandbox
  beforeAll(async () => {
    before = sandbox
    sandbox = await startSandbox()
    await Promise.all(Array.from({ length: 259 }, create))
  })
  afterAll(async () => {
    await sandbox.stop()
    sandbox = before
  })

  it('hold every entry and its hash, under the checkpoint', async () => {
    const { logIndex } = await create()
    const size = Number((await (await get('checkpoint')).text()).split('\n')[1])
    expect(logIndex).toBe('259')
    expect(size).toBe(260)

    const bundles = [await bytes('tile/entries/000'), await bytes('tile/entries/001.p/4')].map(
      entriesOf
    )
    expect(bundles.map(each => each.length)).toEqual([256, 4])
    const leaves = bundles.flat().map(each => sha256(Buffer.concat([Buffer.of(0), each])))
    expect(await bytes('tile/0/000')).toEqual(Buffer.concat(leaves.slice(0, 256)))
    expect(await bytes('tile/0/001.p/4')).toEqual(Buffer.concat(leaves.slice(256)))
    expect(await bytes('tile/1/000.p/1')).toEqual(rootOf(leaves.slice(0, 256)))
  })

  it.each([
    ['a tile that is not whole', 'tile/entries/001'],
    ['more than there is', 'tile/0/001.p/5'],
    ['a tile of the future', 'tile/0/002.p/1'],
    ['a level of the future', 'tile/2/000.p/1'],
    ['a whole one as a part', 'tile/0/000.p/256'],
    ['a number with too many zeros', 'tile/0/x000/000'],
    ['a number of four digits', 'tile/0/0000'],
    ['an entry by its index', 'log/entries?logIndex=0']
  ])('are not there: %s', async (_, path) => {
    expect((await get(path)).status).toBe(404)
  })
})

/** ECDSA takes as much of a digest as its curve has: the signature is that of the digest. */
function longer(digest: unknown): Buffer {
  return Buffer.concat([Buffer.from(String(digest), 'base64'), Buffer.of(1)])
}

/** By the P-256 key of the certificate. */
function requestOfSha384(): unknown {
  const content = base64(sign('sha384', Buffer.from('a'), identity.key))
  const digest = createHash('sha384').update('a').digest('base64')
  const { signature } = request('a') as { signature: object }
  const proposal = { digest, signature: { ...signature, content } }
  return withVerifier(proposal, { keyDetails: 'PKIX_ECDSA_P384_SHA_384' })
}

function withVerifier(proposal: Record<string, unknown>, changes: unknown): unknown {
  const signature = proposal.signature as Record<string, unknown>
  const verifier = { ...(signature.verifier as object), ...(changes as object) }
  return { ...proposal, signature: { ...signature, verifier } }
}

function entriesOf(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = []
  for (let at = 0; at < bundle.length;) {
    const end = at + 2 + bundle.readUInt16BE(at)
    entries.push(bundle.subarray(at + 2, end))
    at = end
  }
  return entries
}

/** Of a whole tree. */
function rootOf(nodes: Buffer[]): Buffer {
  const [only = Buffer.alloc(0), ...more] = nodes
  if (more.length === 0) return only
  const pairs = nodes.flatMap((node, i) =>
    i % 2 === 1 ? [sha256(Buffer.concat([Buffer.of(1), nodes[i - 1] ?? only, node]))] : []
  )
  return rootOf(pairs)
}
