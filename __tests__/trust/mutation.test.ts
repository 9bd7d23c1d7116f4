import { describe, expect, it, jest } from '@jest/globals'
import { KeylessError } from '../../src/errors.ts'
import { parseBundle } from '../../src/trust/bundle.ts'
import { identityPolicy } from '../../src/trust/policy-inputs.ts'
import { verifyBundle } from '../../src/trust/verify.ts'
import { at, drop, put, type Edit, type Json } from './edit.ts'
import { digestOf, FILE, Instance, statement, type Differences } from './instance.ts'

// Some 250 verifications a test.
jest.setTimeout(60_000)

const instance = new Instance()
const roots = instance.roots()
const signer = {
  identity: identityPolicy(
    {},
    {
      repositoryId: '640123001',
      workflowRef: 'octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'
    }
  )
}

const KINDS: [string, Differences][] = [
  ['a message signature in Rekor v1', {}],
  ['a message signature in Rekor v2', { log: 'v2' }],
  ['a statement in Rekor v1', { statement: statement() }],
  ['a statement in Rekor v2', { statement: statement(), log: 'v2' }]
]

/**
 * What may be changed at will, as nothing is read from it (client spec, V28): the checkpoint says
 * root and size with a signature; the index counts for nothing in v2, and is not shown then. Of two
 * times one is enough, so either may go, of proof and promise in v1 the promise.
 */
const FREE: Record<'v1' | 'v2', RegExp> = {
  v1: /(flip|swap) .*\.rootHash$|\.treeSize$|delete .*(\.timestampVerificationData|\.rfc3161Timestamps|\.inclusionPromise)$/,
  v2: /(flip|swap) .*\.rootHash$|\.treeSize$|\.tlogEntries\.0\.logIndex$/
}

/** Paths of everything in the JSON, objects and lists too. */
function paths(json: unknown, prefix = ''): string[] {
  if (typeof json !== 'object' || json === null) return []
  return Object.entries(json).flatMap(([key, value]) => {
    const path = prefix === '' ? key : `${prefix}.${key}`
    return [path, ...paths(value, path)]
  })
}

/** Another value of the same form: in base64 and in numbers one digit is another. */
function flip(value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (/^\d+$/.test(value)) return String(Number(value) ^ 1)
  const middle = Math.floor(value.length / 2)
  const other = value[middle] === 'A' ? 'B' : 'A'
  return value.slice(0, middle) + other + value.slice(middle + 1)
}

async function outcome(bundle: Json): Promise<string> {
  try {
    await verifyBundle(parseBundle(JSON.stringify(bundle), 'b'), {
      roots,
      digest: digestOf(FILE),
      expect: { kind: 'any' },
      signer
    })
    return 'verified'
  } catch (error) {
    return error instanceof KeylessError ? error.code : `threw ${String(error)}`
  }
}

describe('whatever is changed, deleted or taken from another bundle', () => {
  it.each(KINDS)('%s is refused, but for what nothing is read from', async (_, o) => {
    const honest = JSON.stringify(instance.sign(o))
    const other = instance.sign(o)
    const changes = paths(JSON.parse(honest)).flatMap<[string, Edit]>(path => [
      [`flip ${path}`, put(path, flip)],
      [`delete ${path}`, drop(path)],
      [`swap ${path}`, put(path, at(other, path))]
    ])

    const unexpected: string[] = []
    for (const [name, edit] of changes) {
      const bundle = JSON.parse(honest) as Json
      edit(bundle)
      const same = JSON.stringify(bundle) === honest
      const may = same || FREE[o.log === 'v2' ? 'v2' : 'v1'].test(name)
      const found = await outcome(bundle)
      if (found.startsWith('threw') || (found === 'verified') !== may) {
        unexpected.push(`${name}: ${found}`)
      }
    }
    expect(unexpected).toEqual([])
    expect(changes.length).toBeGreaterThan(60)
  })
})
