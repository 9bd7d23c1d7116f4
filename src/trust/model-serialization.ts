import { KeylessError } from '../errors.ts'
import { quote } from './quote.ts'
import { flag, list, message, positive, text } from './shape.ts'

/** Of the hashes that the format has; BLAKE2b with digests of 64 bytes. */
export type ModelHash = 'sha256' | 'blake2b'

/** How a model was made a list of digests. */
export type Serialization = {
  hashType: ModelHash
  /** Whether links to files were signed as the files that they lead to. */
  allowSymlinks: boolean
  /** Paths relative to the model that were left out, with all that is below them. */
  ignorePaths: string[]
} & ({ method: 'files' } | { method: 'shards'; /** Bytes. */ shardSize: number })

// model_signing says `blake2` where it is told which hash to use.
const HASHES = new Map<string, ModelHash>([
  ['sha256', 'sha256'],
  ['blake2b', 'blake2b'],
  ['blake2', 'blake2b']
])

const shape = message(
  { method: text, hash_type: text, allow_symlinks: flag },
  { shard_size: positive, ignore_paths: list(text) }
)

type Shaped = {
  method: string
  hash_type: string
  allow_symlinks: boolean
  shard_size?: number
  ignore_paths?: string[]
}

/**
 * Reads `predicate.serialization` of an OMS v1.0 statement.
 * @param at where it is, for messages
 * @throws KeylessError FIELD_INVALID, UNKNOWN_FIELD, MODEL_METHOD, MODEL_HASH, MODEL_SHARDS
 */
export function readSerialization(value: unknown, at: string): Serialization {
  shape(value, at)
  const json = value as Shaped
  const { method, shard_size: shardSize } = json
  const common = {
    hashType: readHash(json.hash_type),
    allowSymlinks: json.allow_symlinks,
    ignorePaths: json.ignore_paths ?? []
  }
  if (method !== 'files' && method !== 'shards') {
    throw new KeylessError(
      'MODEL_METHOD',
      `The model was signed by the method ${quote(method)}, which is unknown here; "files" and "shards" can be verified.`
    )
  }
  if (method === 'files' && shardSize === undefined) return { ...common, method }
  if (method === 'shards' && shardSize !== undefined) return { ...common, method, shardSize }
  throw new KeylessError(
    'MODEL_SHARDS',
    `${at} has ${method === 'files' ? 'a shard_size, which belongs to' : 'no shard_size, without which there is no'} method "shards".`
  )
}

/**
 * The hash that a name stands for.
 * @throws KeylessError MODEL_HASH
 */
export function readHash(name: string): ModelHash {
  const hash = HASHES.get(name)
  if (hash) return hash
  throw new KeylessError(
    'MODEL_HASH',
    `The model was signed with the hash ${quote(name)}, which is unknown here; SHA-256 and BLAKE2b can be verified.`
  )
}
