import { createHash } from 'node:crypto'
import type { ModelFiles } from '../../src/trust/model-files.ts'
import { MODEL_PREDICATE, readModelStatement, type ModelStatement } from '../../src/trust/model.ts'
import type { ModelHash } from '../../src/trust/model-serialization.ts'
import { all, type Edit, type Json } from './edit.ts'

/** Files of a model in memory, by name. */
export type Contents = Record<string, string>

export const MODEL: Contents = { 'config.json': '{}', 'weights/a.bin': 'weights' }

const NODE_HASHES: Record<ModelHash, string> = { sha256: 'sha256', blake2b: 'blake2b512' }

export function hashOf(text: string, algorithm: ModelHash = 'sha256'): string {
  return createHash(NODE_HASHES[algorithm]).update(text).digest('hex')
}

/** An OMS statement of these files, as a signer with nothing to hide writes it. */
export function modelStatement(contents: Contents, algorithm: ModelHash = 'sha256'): Json {
  const parts = Object.entries(contents).map(([name, text]): [string, string, string] => [
    name,
    text,
    algorithm
  ])
  return statementOf(parts, { method: 'files', hash_type: algorithm })
}

/** The same in shards of so many bytes, as the specification has them. */
export function shardStatement(contents: Contents, size: number): Json {
  const parts = Object.entries(contents).flatMap(([name, text]) =>
    Array.from({ length: Math.ceil(text.length / size) }, (_, i): [string, string, string] => {
      const part = text.slice(i * size, (i + 1) * size)
      return [`${name}:${i * size}:${i * size + part.length}`, part, 'sha256']
    })
  )
  return statementOf(parts, { method: 'shards', hash_type: 'sha256', shard_size: size })
}

function statementOf(parts: [string, string, string][], serialization: Json): Json {
  const resources = parts.map(([name, text, algorithm]) => ({
    name,
    algorithm,
    digest: hashOf(text, algorithm as ModelHash)
  }))
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'a-model', digest: { sha256: '' } }],
    predicateType: MODEL_PREDICATE,
    predicate: { resources, serialization: { ...serialization, allow_symlinks: false } }
  }
  reroot(statement)
  return statement
}

/** Makes the root fit the resources again, so that nothing else is wrong after an edit. */
export const reroot: Edit = json => {
  const { predicate, subject } = json as {
    predicate: { resources: { digest: string }[] }
    subject: { digest: { sha256: string } }[]
  }
  const root = createHash('sha256')
  for (const { digest } of predicate.resources) root.update(digest, 'hex')
  const [first] = subject
  if (first) first.digest.sha256 = root.digest('hex')
}

export function read(statement: Json, ...edits: Edit[]): ModelStatement {
  const edited = structuredClone(statement)
  all(...edits)(edited)
  const payload = Buffer.from(JSON.stringify(edited))
  return readModelStatement({ payloadType: 'application/vnd.in-toto+json', payload })
}

/** What was asked of the files, in order. */
export type Asked = string[]

/** A model that lies in memory, in the form that a disk would be asked in. */
export function filesOf(
  contents: Contents,
  o: { single?: boolean; ignores?: (name: string) => boolean; asked?: Asked } = {}
): ModelFiles {
  const names = Object.keys(contents)
  return {
    single: o.single ?? false,
    ignores: o.ignores ?? (() => false),
    find: ({ skip, allowSymlinks }) => {
      o.asked?.push(`find${allowSymlinks ? ' links' : ''}`)
      // As a walk does, which does not go into a folder that it may skip.
      const seen = names.filter(name => {
        const folders = name.split('/').map((_, i, parts) => parts.slice(0, i + 1).join('/'))
        return !folders.some(skip)
      })
      return Promise.resolve(new Map(seen.map(name => [name, contents[name]?.length ?? 0])))
    },
    hash: (parts, algorithm) => {
      const digests = parts.map(({ name, shard }) => {
        o.asked?.push(shard ? `hash ${name} ${shard.start} ${shard.end}` : `hash ${name}`)
        const text = contents[name]
        if (text === undefined) throw new Error(`${name} was not found, and is to be hashed`)
        return hashOf(shard ? text.slice(shard.start, shard.end) : text, algorithm)
      })
      return Promise.resolve(digests)
    }
  }
}
