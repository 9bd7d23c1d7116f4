import { describe, expect, it } from '@jest/globals'
import { GITHUB_ISSUER } from '../../src/trust/identity.ts'
import { checkIdentity, exactly, type Requirement } from '../../src/trust/policy.ts'
import { refusal } from './refusal.ts'
import { someone } from './someone.ts'

const workflow = {
  ...someone,
  issuer: GITHUB_ISSUER,
  subjectAlternativeName: 'https://github.com/o/r/.github/workflows/x.yml@refs/heads/main',
  claims: {
    buildSignerURI: 'https://github.com/o/r/.github/workflows/x.yml@refs/heads/main',
    sourceRepositoryURI: 'https://github.com/me/mine',
    sourceRepositoryRef: 'refs/tags/v1'
  }
}

describe('checkIdentity', () => {
  const issuer = exactly('issuer', someone.issuer)
  const name = exactly('subjectAlternativeName', someone.subjectAlternativeName)
  const never: Requirement = { claim: 'buildTrigger', expected: 'x', accepts: () => true }

  it('accepts what is all as asked', () => {
    expect(() => {
      checkIdentity({ requirements: [issuer, name] }, someone)
    }).not.toThrow()
  })

  it.each<[Requirement[]]>([
    [[]],
    [[issuer]],
    [[name]],
    [[issuer, issuer]],
    [[name, exactly('buildTrigger', 'push')]],
    [[issuer, exactly('subjectAlternativeName', '')]],
    [[issuer, exactly('subjectAlternativeName', ' ')]]
  ])('refuses a policy that asks for too little (%#)', requirements => {
    expect(() => {
      checkIdentity({ requirements }, someone)
    }).toThrow(refusal('POLICY_INVALID'))
  })

  it.each(['someone@example.co', 'someone@example.com.evil', 'Someone@example.com'])(
    'does not take %s for it',
    subjectAlternativeName => {
      expect(() => {
        checkIdentity({ requirements: [issuer, name] }, { ...someone, subjectAlternativeName })
      }).toThrow(refusal('IDENTITY_MISMATCH'))
    }
  )

  it('never takes a missing or empty claim for a match', () => {
    for (const claims of [{}, { buildTrigger: '' }]) {
      expect(() => {
        checkIdentity({ requirements: [issuer, never] }, { ...someone, claims })
      }).toThrow(refusal('IDENTITY_MISMATCH'))
    }
  })

  it('lists each difference, and the identity as inputs, without what a terminal obeys', () => {
    const found = {
      ...workflow,
      claims: { ...workflow.claims, sourceRepositoryRef: 'refs/tags/v1\n::error::\u001b[2J\u202e' }
    }
    const requirements = [issuer, exactly('sourceRepositoryRef', 'refs/tags/v2'), never]
    let message = ''
    try {
      checkIdentity({ requirements }, found)
    } catch (error) {
      message = (error as Error).message
    }
    const [first, ...rest] = message.split('\n')
    expect(first).toContain(
      `(certificate-oidc-issuer: expected "${someone.issuer}", found "${GITHUB_ISSUER}"; ` +
        'source-ref: expected "refs/tags/v2", found "refs/tags/v1?::error::?[2J?"; ' +
        'buildTrigger: expected "x", found none): ' +
        'workflow o/r/.github/workflows/x.yml@refs/heads/main of repository'
    )
    expect(rest).toEqual([
      expect.stringContaining('If you trust that identity, and only then'),
      '  signer-workflow: o/r/.github/workflows/x.yml@refs/heads/main',
      '  repository: me/mine'
    ])
  })
})
