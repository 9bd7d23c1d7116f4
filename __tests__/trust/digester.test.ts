import { describe, expect, it } from '@jest/globals'
import { sha256Only } from '../../src/trust/digester.ts'

describe('sha256Only', () => {
  it('answers what it was given, or told when asked', async () => {
    await expect(sha256Only('ab')('sha256')).resolves.toBe('ab')
  })

  it.each(['sha384', 'sha512'] as const)('has no %s', async algorithm => {
    await expect(sha256Only('ab')(algorithm)).rejects.toMatchObject({
      code: 'SUBJECT_MISMATCH',
      message: `The bundle names what it is about by ${algorithm} alone, and the subject is known by its sha256.`
    })
  })
})
