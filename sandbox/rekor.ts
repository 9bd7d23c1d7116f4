import { type KeyObject, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { json as canonicalJson } from '@sigstore/core'
import { sha256, spki } from './certificate.ts'
import type { Faults } from './faults.ts'
import { MerkleTree, leafHash } from './merkle.ts'
import { canonicalEntry } from './rekor-entry.ts'
import { type Answer, type Request, Refusal, json } from './server.ts'
import type { Handler } from './transport.ts'

type Leaf = { uuid: string; index: number; body: Buffer; integratedTime: number }

const PATH = '/api/v1/log/entries'
// The checkpoint's name; clients look for it in the log's URL.
const HOST = '127.0.0.1'

/** Rekor's v1 log: one tree, one key, everything in memory. */
export class Rekor {
  readonly publicKey: KeyObject
  readonly #key: KeyObject
  readonly #faults: Faults
  readonly #tree = new MerkleTree()
  readonly #leaves: Leaf[] = []
  readonly #byUuid = new Map<string, Leaf>()
  /** Trillian's tree ids are 63-bit numbers; an entry's id begins with this one. */
  readonly #treeId = BigInt(`0x1${randomBytes(7).toString('hex')}`)

  constructor(faults: Faults) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#key = privateKey
    this.publicKey = publicKey
    this.#faults = faults
  }

  handler(): Handler {
    return request => {
      if (request.path === '/api/v1/log/publicKey') {
        const body = this.publicKey.export({ format: 'pem', type: 'spki' })
        return { status: 200, headers: { 'content-type': 'application/x-pem-file' }, body }
      }
      if (request.method === 'POST' && request.path === PATH) return this.#create(request)
      if (request.method === 'GET' && request.path.startsWith(PATH)) return this.#find(request)
      throw new Refusal(404, 'not found')
    }
  }

  #create(request: Request): Answer {
    const body = canonicalEntry(request.body)
    const hash = leafHash(body)
    const uuid = this.#treeId.toString(16).padStart(16, '0') + hash.toString('hex')
    const known = this.#byUuid.get(uuid)
    const leaf = known ?? this.#append(uuid, hash, body)
    const location = `${PATH}/${uuid}`
    if (known !== undefined || this.#faults.take('rekor', 'conflict') !== undefined) {
      const message = `an equivalent entry already exists in the transparency log with UUID ${uuid}`
      return json(409, { code: 409, message }, { location })
    }
    return json(201, this.#render(leaf), { location, etag: uuid })
  }

  #append(uuid: string, hash: Buffer, body: Buffer): Leaf {
    const integratedTime = Math.floor(this.#faults.now('rekor').getTime() / 1000)
    const leaf = { uuid, index: this.#tree.append(hash), body, integratedTime }
    this.#leaves.push(leaf)
    this.#byUuid.set(uuid, leaf)
    return leaf
  }

  /** By its id, with the tree's or without, or by its index. */
  #find(request: Request): Answer {
    const index = request.query.get('logIndex')
    const uuid = request.path.slice(PATH.length + 1)
    const treeId = this.#treeId.toString(16).padStart(16, '0')
    const leaf =
      index === null
        ? this.#byUuid.get(uuid.length === 64 ? treeId + uuid : uuid)
        : this.#leaves[Number(index)]
    if (leaf === undefined) throw new Refusal(404, 'entry not found')
    return json(200, this.#render(leaf))
  }

  /** A signed note of the C2SP tlog-checkpoint form, as Rekor v1 writes it. */
  #checkpoint(size: number): string {
    const root = this.#tree.root(size).toString('base64')
    const note = `${HOST} - ${this.#treeId}\n${size}\n${root}\n`
    const hint = sha256(spki(this.publicKey)).subarray(0, 4)
    const signature = Buffer.concat([hint, sign('sha256', Buffer.from(note), this.#key)])
    return `${note}\n\u2014 ${HOST} ${signature.toString('base64')}\n`
  }

  #render(leaf: Leaf): unknown {
    const entry = {
      body: leaf.body.toString('base64'),
      integratedTime: leaf.integratedTime,
      logID: sha256(spki(this.publicKey)).toString('hex'),
      logIndex: leaf.index
    }
    const treeSize = this.#tree.size
    const hashes = this.#tree.inclusionProof(leaf.index).map(hash => hash.toString('hex'))
    // In a tree of one leaf the right proof is empty.
    const badProof = [sha256(Buffer.from('no such node')).toString('hex'), ...hashes.slice(1)]
    const isStale = this.#faults.take('rekor', 'stale-checkpoint') !== undefined
    const promised =
      this.#faults.take('rekor', 'bad-set') === undefined
        ? entry
        : { ...entry, logIndex: leaf.index + 1 }
    const promise = sign('sha256', Buffer.from(canonicalJson.canonicalize(promised)), this.#key)
    return {
      [leaf.uuid]: {
        ...entry,
        verification: {
          inclusionProof: {
            checkpoint: this.#checkpoint(isStale ? leaf.index : treeSize),
            hashes: this.#faults.take('rekor', 'bad-proof') === undefined ? hashes : badProof,
            logIndex: leaf.index,
            rootHash: this.#tree.root().toString('hex'),
            treeSize
          },
          signedEntryTimestamp: promise.toString('base64')
        }
      }
    }
  }
}
