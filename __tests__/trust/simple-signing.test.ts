import { describe, expect, it } from '@jest/globals'
import { readSimpleSigning } from '../../src/trust/simple-signing.ts'
import { drop, put, type Edit } from './edit.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`

function read(...edits: Edit[]): unknown {
  const json = {
    critical: {
      identity: { 'docker-reference': 'ghcr.io/o/app' },
      image: { 'docker-manifest-digest': DIGEST },
      type: 'cosign container image signature'
    },
    optional: { a: '1' }
  }
  for (const edit of edits) edit(json)
  return readSimpleSigning(Buffer.from(JSON.stringify(json)), 'The payload')
}

describe('readSimpleSigning', () => {
  it('reads the digest and what was signed along', () => {
    expect(read()).toEqual({ digest: DIGEST, annotations: { a: '1' } })
  })

  it('takes null for no annotations', () => {
    expect(read(put('optional', null))).toEqual({ digest: DIGEST, annotations: {} })
  })

  it.each<[string, Edit]>([
    ['The payload is a payload of the type "x", not a signature', put('critical.type', 'x')],
    ['The payload.optional is not an object.', put('optional', ['a'])],
    ['The payload.optional is not present.', drop('optional')],
    ['The payload.critical is not present.', drop('critical')],
    ['The payload.critical.type is not present.', drop('critical.type')],
    ['The payload.critical.image is not present.', drop('critical.image')],
    ['The payload.critical.identity is not present.', drop('critical.identity')],
    [
      'The payload.critical.image.docker-manifest-digest is not present.',
      put('critical.image', {})
    ],
    ['The payload.critical.identity.docker-reference is not present.', put('critical.identity', {})]
  ])('refuses with: %s', (words, edit) => {
    expect(() => read(edit)).toThrow(words)
  })
})
