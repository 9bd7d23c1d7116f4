import { type KeyObject, generateKeyPairSync, sign } from 'node:crypto'
import { json as canonicalJson } from '@sigstore/core'
import { sha256 } from './certificate.ts'
import type { Faults } from './faults.ts'
import { Refusal } from './server.ts'
import type { Handler } from './transport.ts'

const DAY = 24 * 60 * 60 * 1000
const VERSION = 2

type Role = 'root' | 'timestamp' | 'snapshot' | 'targets'
type Key = { id: string; privateKey: KeyObject; public: unknown }

// TUF's canonical JSON (OLPC) and RFC 8785 differ in control characters only; there are none,
// as Ed25519 keys are in hex.
const canonical = (value: unknown): Buffer => Buffer.from(canonicalJson.canonicalize(value))

function createKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex')
  const key = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw } }
  return { id: sha256(canonical(key)).toString('hex'), privateKey, public: key }
}

/** A TUF 1.0 repository with consistent snapshots, as the public one; a key for each role. */
export class TufRepository {
  readonly #keys: Record<Role, Key> = {
    root: createKey(),
    timestamp: createKey(),
    snapshot: createKey(),
    targets: createKey()
  }
  readonly #targets = new Map<string, Buffer>()
  readonly #faults: Faults

  constructor(faults: Faults) {
    this.#faults = faults
  }

  publish(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) this.#targets.set(name, Buffer.from(text))
  }

  /** The root that clients start from; version 2 exists only as a fault. */
  root(version = 1, days = 365): string {
    const roles = Object.entries(this.#keys).map(
      ([role, key]) => [role, { keyids: [key.id], threshold: 1 }] as const
    )
    return this.#metadata('root', version, days, {
      consistent_snapshot: true,
      keys: Object.fromEntries(Object.values(this.#keys).map(key => [key.id, key.public])),
      roles: Object.fromEntries(roles)
    })
  }

  handler(): Handler {
    return ({ path }) => {
      const body = this.#file(path)
      if (body === undefined) throw new Refusal(404, 'not found')
      return { status: 200, headers: { 'content-type': 'application/json' }, body }
    }
  }

  #file(path: string): string | Buffer | undefined {
    switch (path) {
      case '/1.root.json':
        return this.root()
      case '/2.root.json':
        return this.#faults.take('tuf', 'expired-root') && this.root(2, -1)
      case '/timestamp.json': {
        const expired = this.#faults.take('tuf', 'expired-timestamp') !== undefined
        return this.#metadata('timestamp', VERSION, expired ? -1 : 7, {
          meta: { 'snapshot.json': { version: VERSION } }
        })
      }
      case `/${VERSION}.snapshot.json`: {
        // Signed and in force, but older than the timestamp says: every client can see that, also
        // one that was never here before.
        const rolledBack = this.#faults.take('tuf', 'rolled-back') !== undefined
        return this.#metadata('snapshot', rolledBack ? VERSION - 1 : VERSION, 7, {
          meta: { 'targets.json': { version: rolledBack ? VERSION - 1 : VERSION } }
        })
      }
      case `/${VERSION}.targets.json`:
        return this.#metadata('targets', VERSION, 365, { targets: this.#targetFiles() })
      default:
        return this.#target(path)
    }
  }

  #targetFiles(): unknown {
    const files = [...this.#targets].map(([name, content]) => {
      const hashes = { sha256: sha256(content).toString('hex') }
      return [name, { length: content.length, hashes }] as const
    })
    return Object.fromEntries(files)
  }

  /** Consistent snapshots have the hash before the name. */
  #target(path: string): Buffer | undefined {
    for (const [name, content] of this.#targets) {
      if (path === `/targets/${sha256(content).toString('hex')}.${name}`) return content
    }
    return undefined
  }

  #metadata(role: Role, version: number, days: number, fields: Record<string, unknown>): string {
    // TUF has whole seconds.
    const expires = new Date(Date.now() + days * DAY).toISOString().replace(/\.\d+/, '')
    const signed = { _type: role, spec_version: '1.0.0', version, expires, ...fields }
    const key = this.#keys[role]
    const sig = sign(null, canonical(signed), key.privateKey).toString('hex')
    return JSON.stringify({ signatures: [{ keyid: key.id, sig }], signed })
  }
}
