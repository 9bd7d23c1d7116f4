import { type KeyObject, generateKeyPairSync, sign } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sha256, spki } from './certificate.ts'
import type { Faults } from './faults.ts'
import { MerkleTree, leafHash } from './merkle.ts'
import { KIND, canonicalEntry } from './rekor2-entry.ts'
import { type Answer, type Request, Refusal, json } from './server.ts'
import { type Tile, entryBundle, hashTile, parseTile } from './tiles.ts'
import type { Handler } from './transport.ts'

/** The log's name in its checkpoints: the host of its URL, without the port. */
const ORIGIN = '127.0.0.1'
/** C2SP signed-note: the type of Ed25519 keys. */
const ED25519 = 1
/** Milliseconds between checkpoints. A real log takes 2 to 10 s. */
const CHECKPOINT_INTERVAL = 200

type Checkpoint = { size: number; note: string }

/** Rekor v2 (rekor-tiles 2.3): one tree, one Ed25519 key, one kind of entry, answers with checkpoints. */
export class Rekor2 {
  readonly publicKey: KeyObject
  /** The whole of the key's id, of which checkpoints hold the first four bytes (C2SP signed-note). */
  readonly logId: Buffer
  readonly #key: KeyObject
  readonly #faults: Faults
  readonly #tree = new MerkleTree()
  readonly #entries: Buffer[] = []
  readonly #indexes = new Map<string, number>()
  #published: Checkpoint
  #next: Promise<Checkpoint> | undefined

  constructor(faults: Faults) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    this.#key = privateKey
    this.publicKey = publicKey
    this.#faults = faults
    const raw = spki(publicKey).subarray(-32)
    this.logId = sha256(Buffer.concat([Buffer.from(`${ORIGIN}\n`), Buffer.of(ED25519), raw]))
    this.#published = this.#checkpoint()
  }

  handler(): Handler {
    return request => {
      const { method, path } = request
      if (method === 'POST' && path === '/api/v2/log/entries') return this.#create(request)
      if (method === 'GET' && path === '/api/v2/checkpoint') {
        const headers = { 'content-type': 'text/plain; charset=utf-8' }
        return { status: 200, headers, body: this.#published.note }
      }
      const tile = method === 'GET' ? parseTile(path) : undefined
      if (tile === undefined) throw new Refusal(404, 'Not Found', 5)
      return this.#read(tile)
    }
  }

  async #create({ body }: Request): Promise<Answer> {
    const entry = canonicalEntry(body)
    const hash = leafHash(entry)
    const known = this.#indexes.get(hash.toString('hex'))
    const index = known ?? this.#tree.append(hash)
    if (known === undefined) {
      this.#entries.push(entry)
      this.#indexes.set(hash.toString('hex'), index)
    }
    const checkpoint = await this.#covering(index)
    if (known !== undefined || this.#faults.take('rekor2', 'conflict') !== undefined) {
      const message = `an equivalent entry already exists in the transparency log with index ${index}`
      const details: [] = []
      return json(409, { code: 6, message, details }, { 'x-log-index': String(index) })
    }
    return json(201, this.#render(index, entry, checkpoint))
  }

  /** The checkpoint that an entry waits for: all that come before the next one share it. */
  async #covering(index: number): Promise<Checkpoint> {
    const published = this.#published
    if (index < published.size) return published
    this.#next ??= sleep(CHECKPOINT_INTERVAL).then(() => {
      this.#next = undefined
      return (this.#published = this.#checkpoint())
    })
    return this.#next
  }

  #checkpoint(): Checkpoint {
    const { size } = this.#tree
    return { size, note: this.#note(size) }
  }

  /** A signed note of the C2SP tlog-checkpoint form. */
  #note(size: number, key = this.#key): string {
    const note = `${ORIGIN}\n${size}\n${this.#tree.root(size).toString('base64')}\n`
    const signature = sign(null, Buffer.from(note), key)
    const signed = Buffer.concat([this.logId.subarray(0, 4), signature])
    return `${note}\n\u2014 ${ORIGIN} ${signed.toString('base64')}\n`
  }

  /** A TransparencyLogEntry in protobuf's JSON, with everything that is unset (EmitUnpopulated). */
  #render(index: number, entry: Buffer, { size, note }: Checkpoint): unknown {
    const hashes = this.#tree.inclusionProof(index, size).map(hash => hash.toString('base64'))
    // In a tree of one leaf the right proof is empty.
    const badProof = [sha256(Buffer.from('no such node')).toString('base64'), ...hashes.slice(1)]
    return {
      logIndex: String(index),
      logId: { keyId: this.logId.toString('base64') },
      kindVersion: KIND,
      integratedTime: '0',
      inclusionPromise: null,
      inclusionProof: {
        logIndex: String(index),
        rootHash: this.#tree.root(size).toString('base64'),
        treeSize: String(size),
        hashes: this.#faults.take('rekor2', 'bad-proof') === undefined ? hashes : badProof,
        checkpoint: { envelope: this.#faulty(index, size) ?? note }
      },
      canonicalizedBody: entry.toString('base64')
    }
  }

  #faulty(index: number, size: number): string | undefined {
    if (this.#faults.take('rekor2', 'stale-checkpoint') !== undefined) return this.#note(index)
    if (this.#faults.take('rekor2', 'bad-checkpoint') === undefined) return undefined
    return this.#note(size, generateKeyPairSync('ed25519').privateKey)
  }

  #read(tile: Tile): Answer {
    const { size } = this.#published
    const body =
      tile.level === 'entries'
        ? entryBundle(tile, this.#entries.slice(0, size))
        : hashTile(tile, this.#tree, size)
    if (body === undefined) throw new Refusal(404, 'Not Found', 5)
    return { status: 200, headers: { 'content-type': 'application/octet-stream' }, body }
  }
}
