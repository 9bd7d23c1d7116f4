import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { json } from '@sigstore/core'
import { type Sandbox, startSandbox } from '../../sandbox/client.ts'
import { rootFromProof } from './inclusion.ts'
import {
  type Entry,
  type Identity,
  base64,
  certify,
  dsseEntry,
  envelope,
  hashedrekord,
  propose,
  readEntry,
  sha256
} from './signer.ts'

let sandbox: Sandbox
let identity: Identity
let logKey: Buffer
beforeAll(async () => {
  sandbox = await startSandbox()
  identity = await certify(sandbox)
  const root = JSON.parse(await readFile(sandbox.trustedRoot, 'utf8')) as {
    tlogs: { publicKey: { rawBytes: string } }[]
  }
  logKey = Buffer.from(root.tlogs[0]?.publicKey.rawBytes ?? '', 'base64')
})
afterEach(async () => sandbox.clearFaults())
afterAll(async () => sandbox.stop())

const signedByLog = (data: string, signature: Buffer): boolean =>
  verify(
    'sha256',
    Buffer.from(data),
    createPublicKey({ key: logKey, format: 'der', type: 'spki' }),
    signature
  )

/** What is wrong with an entry, in this test's own reading of the formats. */
function defects(entry: Entry): string[] {
  const { verification, ...promised } = entry
  const { body, integratedTime, logID, logIndex } = promised
  const { inclusionProof: proof, signedEntryTimestamp } = verification
  const set = json.canonicalize({ body, integratedTime, logID, logIndex })
  const path = proof.hashes.map(hash => Buffer.from(hash, 'hex'))
  const [note = '', signatures = ''] = proof.checkpoint.split('\n\n')
  const [origin = '', size = '', root = ''] = note.split('\n')
  const [dash, name = '', blob = ''] = signatures.trimEnd().split(' ')
  const signature = Buffer.from(blob, 'base64')
  const leads = (): string => {
    try {
      return rootFromProof(
        Buffer.from(body, 'base64'),
        proof.logIndex,
        proof.treeSize,
        path
      ).toString('hex')
    } catch (error) {
      return String(error)
    }
  }
  const checks = {
    logId: logID === sha256(logKey).toString('hex'),
    promise: signedByLog(set, Buffer.from(signedEntryTimestamp, 'base64')),
    proof: leads() === proof.rootHash,
    origin:
      dash === '\u2014' && origin.startsWith(`${name} - `) && sandbox.urls.rekor.includes(name),
    hint: signature.subarray(0, 4).equals(sha256(logKey).subarray(0, 4)),
    signature: signedByLog(`${note}\n`, signature.subarray(4)),
    checkpoint:
      Number(size) === proof.treeSize &&
      Buffer.from(root, 'base64').toString('hex') === proof.rootHash
  }
  return Object.entries(checks).flatMap(([check, ok]) => (ok ? [] : [check]))
}

const fresh = (() => {
  let count = 0
  return () => hashedrekord(identity, Buffer.from(`artifact ${(count += 1)}`))
})()

const bodyOf = (entry: Entry): unknown => JSON.parse(Buffer.from(entry.body, 'base64').toString())

describe('Rekor', () => {
  it('logs a signature over a digest, as Rekor writes it', async () => {
    const proposal = fresh()
    const response = await propose(sandbox, proposal)
    const entry = await readEntry(response)
    expect(response.status).toBe(201)
    expect(response.headers.get('location')).toBe(`/api/v1/log/entries/${entry.uuid}`)
    expect(defects(entry)).toEqual([])
    const { hash } = proposal.spec.data
    expect(bodyOf(entry)).toEqual({
      ...proposal,
      spec: {
        data: { hash },
        signature: {
          content: proposal.spec.signature.content,
          // Fulcio's leaf has no final newline; what the log keeps has.
          publicKey: { content: base64(`${identity.certificates[0] ?? ''}\n`) }
        }
      }
    })
  })

  it('logs an envelope by its hashes', async () => {
    const signed = envelope(identity, '{"a":1}')
    const entry = await readEntry(await propose(sandbox, dsseEntry(identity, signed)))
    expect(defects(entry)).toEqual([])
    expect(bodyOf(entry)).toEqual({
      apiVersion: '0.0.1',
      kind: 'dsse',
      spec: {
        envelopeHash: {
          algorithm: 'sha256',
          value: sha256(JSON.stringify(signed)).toString('hex')
        },
        payloadHash: { algorithm: 'sha256', value: sha256('{"a":1}').toString('hex') },
        signatures: [
          {
            signature: signed.signatures[0]?.sig,
            verifier: base64(`${identity.certificates[0] ?? ''}\n`)
          }
        ]
      }
    })
  })

  it('names the entry that is there already, and finds it by id and by index', async () => {
    const proposal = fresh()
    const entry = await readEntry(await propose(sandbox, proposal))
    const again = await propose(sandbox, proposal)
    expect(again.status).toBe(409)
    const location = again.headers.get('location') ?? ''
    for (const path of [
      location,
      `/api/v1/log/entries/${entry.uuid.slice(16)}`,
      `/api/v1/log/entries?logIndex=${entry.logIndex}`
    ]) {
      const found = await readEntry(await fetch(`${sandbox.urls.rekor}${path}`))
      expect(found.uuid).toBe(entry.uuid)
      expect(found.logIndex).toBe(entry.logIndex)
      expect(defects(found)).toEqual([])
    }
    const missing = `${sandbox.urls.rekor}/api/v1/log/entries/${'0'.repeat(80)}`
    expect((await fetch(missing)).status).toBe(404)
  })

  it('takes signatures with larger curves and plain keys', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
    const proposal = hashedrekord({ key: privateKey, certificates: [pem] }, Buffer.from('large'))
    expect((await propose(sandbox, proposal)).status).toBe(201)
  })

  it('refuses what is malformed or not signed', async () => {
    const good = fresh()
    const { spec } = good
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const forged = envelope({ ...identity, key: stranger }, '{}')
    const hash = { algorithm: 'sha256', value: sha256('other').toString('hex') }
    const refused = [
      null,
      'text',
      {},
      { ...good, apiVersion: '0.0.2' },
      { ...good, kind: 'intoto' },
      { ...good, spec: { ...spec, data: { hash } } },
      { ...good, spec: { ...spec, data: { hash: { ...hash, value: 'abcd' } } } },
      { ...good, spec: { ...spec, data: { hash: { ...spec.data.hash, algorithm: 'md5' } } } },
      { ...good, spec: { ...spec, data: { hash: { ...spec.data.hash, algorithm: 'sha512' } } } },
      { ...good, spec: { ...spec, data: 7 } },
      { ...good, spec: { ...spec, signature: { ...spec.signature, content: base64('no') } } },
      {
        ...good,
        spec: { ...spec, signature: { ...spec.signature, publicKey: { content: base64('no') } } }
      },
      dsseEntry(identity, forged),
      dsseEntry(identity, { ...forged, signatures: [] }),
      { ...good, kind: 'dsse', spec: { proposedContent: { envelope: '{', verifiers: [] } } },
      { ...good, kind: 'dsse', spec: { proposedContent: { envelope: '{}', verifiers: 3 } } }
    ]
    const answers = await Promise.all(refused.map(async proposal => propose(sandbox, proposal)))
    expect(answers.map(({ status }) => status)).toEqual(refused.map(() => 400))
  })

  it('keeps its order under a thousand requests at once', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const content = base64(publicKey.export({ format: 'pem', type: 'spki' }))
    const proposals = Array.from({ length: 1000 }, (_, i) => {
      const artifact = Buffer.from(`many ${i}`)
      const hash = { algorithm: 'sha256', value: sha256(artifact).toString('hex') }
      const signature = {
        content: base64(sign('sha256', artifact, privateKey)),
        publicKey: { content }
      }
      return { apiVersion: '0.0.1', kind: 'hashedrekord', spec: { data: { hash }, signature } }
    })
    const entries = await Promise.all(
      proposals.map(async proposal => readEntry(await propose(sandbox, proposal)))
    )
    expect(new Set(entries.map(({ logIndex }) => logIndex)).size).toBe(1000)
    expect(entries.flatMap(defects)).toEqual([])
  }, 60_000)

  it.each([
    ['bad-set', ['promise']],
    ['bad-proof', ['proof']],
    ['stale-checkpoint', ['checkpoint']]
  ] as const)('gets it wrong, when told to: %s', async (kind, wrong) => {
    await sandbox.fault({ service: 'rekor', kind, times: 1 })
    expect(defects(await readEntry(await propose(sandbox, fresh())))).toEqual(wrong)
    expect(defects(await readEntry(await propose(sandbox, fresh())))).toEqual([])
  })

  it('gets it wrong also for the first entry of a log', async () => {
    const other = await startSandbox()
    await other.fault({ service: 'rekor', kind: 'bad-proof' })
    await other.fault({ service: 'rekor', kind: 'stale-checkpoint' })
    const { verification } = await readEntry(await propose(other, fresh()))
    expect(verification.inclusionProof.hashes).toHaveLength(1)
    expect(verification.inclusionProof.checkpoint.split('\n')[1]).toBe('0')
    await other.stop()
  })

  it('logs, and says that it had it already, when told to', async () => {
    await sandbox.fault({ service: 'rekor', kind: 'conflict', times: 1 })
    const response = await propose(sandbox, fresh())
    expect(response.status).toBe(409)
    const found = await fetch(`${sandbox.urls.rekor}${response.headers.get('location') ?? ''}`)
    expect(defects(await readEntry(found))).toEqual([])
  })

  it('shifts its clock', async () => {
    await sandbox.fault({ service: 'rekor', kind: 'clock', seconds: -7200 })
    const { integratedTime } = await readEntry(await propose(sandbox, fresh()))
    expect(Math.abs(Date.now() / 1000 - 7200 - integratedTime)).toBeLessThan(60)
  })
})
