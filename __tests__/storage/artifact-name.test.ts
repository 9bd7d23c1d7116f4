import { describe, expect, it } from '@jest/globals'
import { checkArtifactName, checkArtifactPath } from '../../src/storage/artifact-name.ts'

const FORBIDDEN = ['"', '<', '>', ':', '|', '*', '?', '\r', '\n', '\\']
const invalid = expect.objectContaining({ code: 'INPUT_INVALID' })

describe('checkArtifactName', () => {
  it.each(['sigstore-build-0', 'a b', 'ümlaut', '.hidden', "it's"])('takes %j', name => {
    expect(() => {
      checkArtifactName(name)
    }).not.toThrow()
  })

  it.each(['', '/', ...FORBIDDEN])('refuses %j', part => {
    expect(() => {
      checkArtifactName(part === '' ? '' : `a${part}b`)
    }).toThrow(invalid)
  })

  it('quotes no more than a piece of a long one', () => {
    expect(() => {
      checkArtifactName('/'.repeat(10_000))
    }).toThrow(/^artifact-name is ".{100}"; /)
  })
})

describe('checkArtifactPath', () => {
  it('takes folders', () => {
    expect(() => {
      checkArtifactPath('dist/a b/c', 'a b/c')
    }).not.toThrow()
  })

  it.each(FORBIDDEN)('refuses %j', part => {
    expect(() => {
      checkArtifactPath('name', `dist/a${part}b`)
    }).toThrow(invalid)
  })
})
