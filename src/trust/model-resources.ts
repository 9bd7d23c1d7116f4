import { KeylessError } from '../errors.ts'
import { readHash, type Serialization } from './model-serialization.ts'
import { checkShards, parseShard, type Shard } from './model-shards.ts'
import { quote } from './quote.ts'
import { hex, open, text } from './shape.ts'

/** A file, or a part of one, and its digest. */
export type Resource = {
  /** Of the file: relative to the model, parts joined by `/`; `.` may be a model's only file. */
  name: string
  /** Lower-case hexadecimal. */
  digest: string
  /** Absent where the file was hashed whole. */
  shard?: Shard
}

const shape = open({ name: text, digest: text, algorithm: text })

/** Of a file on any system; PATH_MAX is the longest. */
const LONGEST_NAME = 4096

type Shaped = { name: string; digest: string; algorithm: string }

const DIGEST = { sha256: hex(64), blake2b: hex(128) }

/**
 * Reads `predicate.resources` of an OMS v1.0 statement.
 * @param at where they are, for messages
 * @throws KeylessError FIELD_INVALID, STATEMENT_INVALID, MODEL_HASH, MODEL_NAME_UNSAFE,
 *   MODEL_NAME_TWICE, MODEL_SHARDS
 */
export function readResources(
  values: unknown[],
  serialization: Serialization,
  at: string
): Resource[] {
  if (values.length === 0) {
    throw new KeylessError('STATEMENT_INVALID', `${at} is empty; there is no model without a file.`)
  }
  const seen = new Set<string>()
  const resources = values.map((value, i): Resource => {
    shape(value, `${at}[${i}]`)
    const { name, digest, algorithm } = value as Shaped
    if (seen.has(name)) {
      throw new KeylessError(
        'MODEL_NAME_TWICE',
        `${at} has ${quote(name)} twice, so readers may disagree on its digest.`
      )
    }
    seen.add(name)
    checkAlgorithm(algorithm, serialization)
    DIGEST[serialization.hashType](digest, `${at}[${i}].digest`)
    return serialization.method === 'files'
      ? { name, digest }
      : { ...parseShard(name, `${at}[${i}]`), digest }
  })
  for (const { name } of resources) checkName(name)
  if (resources.some(({ name }) => name === '.') && resources.some(({ name }) => name !== '.')) {
    throw unsafe('.')
  }
  if (serialization.method === 'shards') {
    for (const [name, parts] of Map.groupBy(resources, resource => resource.name)) {
      checkShards(
        name,
        parts.flatMap(({ shard }) => shard ?? []),
        serialization.shardSize
      )
    }
  }
  return resources
}

// One hash for all: which one it is must not depend on where a reader looks.
function checkAlgorithm(algorithm: string, serialization: Serialization): void {
  const { hashType, method } = serialization
  // As model_signing writes it, where the specification has the bare name.
  const suffix = method === 'shards' ? `-sharded-${serialization.shardSize}` : ''
  const bare = algorithm.endsWith(suffix)
    ? algorithm.slice(0, algorithm.length - suffix.length)
    : algorithm
  if (readHash(bare) === hashType) return
  throw new KeylessError(
    'MODEL_HASH',
    `The model statement in the bundle lists a digest by ${quote(algorithm)}, and says that all are by ${hashType}.`
  )
}

/** A name that leads out of the model, or to one file in two spellings, is never looked up. */
function checkName(name: string): void {
  // What Python calls the model itself, where that is one file.
  if (name === '.') return
  const parts = name.split('/')
  const odd = parts.some(part => part === '' || part === '.' || part === '..')
  if (odd || name.length > LONGEST_NAME || name.includes('\0') || !name.isWellFormed())
    throw unsafe(name)
}

function unsafe(name: string): KeylessError {
  return new KeylessError(
    'MODEL_NAME_UNSAFE',
    `The model statement in the bundle lists ${quote(name)}, which is not the name of a file within the model.`
  )
}
