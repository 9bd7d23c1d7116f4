import { describe, expect, it } from '@jest/globals'
import {
  asInputs,
  describeIdentity,
  GITHUB_ISSUER,
  splitWorkflow,
  type CertificateIdentity
} from '../../src/trust/identity.ts'
import { someone } from './someone.ts'

const NAME = 'https://github.com/o/r/.github/workflows/x.yml@refs/heads/main'
const workflow: CertificateIdentity = {
  ...someone,
  issuer: GITHUB_ISSUER,
  subjectAlternativeName: NAME,
  claims: { buildSignerURI: NAME, sourceRepositoryURI: 'https://github.com/me/mine' }
}

describe('describeIdentity', () => {
  it('names a person by the issuer who knows them', () => {
    expect(describeIdentity(someone)).toBe(
      'someone@example.com (according to https://accounts.google.com)'
    )
  })

  it('names a workflow, and what it says of its run', () => {
    const claims = {
      ...workflow.claims,
      sourceRepositoryRef: 'refs/tags/v1',
      sourceRepositoryDigest: 'abc',
      runInvocationURI: 'https://github.com/me/mine/actions/runs/1/attempts/1',
      runnerEnvironment: 'github-hosted'
    }
    expect(describeIdentity({ ...workflow, claims })).toBe(
      'workflow o/r/.github/workflows/x.yml@refs/heads/main of repository https://github.com/me/mine, ' +
        'at ref refs/tags/v1, commit abc, run https://github.com/me/mine/actions/runs/1/attempts/1, ' +
        'on a runner that is github-hosted'
    )
  })

  it('leaves out what a workflow does not say', () => {
    expect(describeIdentity({ ...workflow, claims: { buildSignerURI: NAME } })).toBe(
      'workflow o/r/.github/workflows/x.yml@refs/heads/main'
    )
  })
})

describe('asInputs', () => {
  it('gives the workflow and the repository where GitHub says both', () => {
    expect(asInputs(workflow)).toBe(
      'signer-workflow: o/r/.github/workflows/x.yml@refs/heads/main\nrepository: me/mine'
    )
  })

  it('gives the name and the issuer of a person', () => {
    expect(asInputs(someone)).toBe(
      'certificate-identity: someone@example.com\ncertificate-oidc-issuer: https://accounts.google.com'
    )
  })

  it.each<[string, CertificateIdentity]>([
    ['by another issuer', { ...workflow, issuer: 'https://issuer.test' }],
    ['of no workflow', { ...workflow, claims: { ...workflow.claims, buildSignerURI: 'x' } }],
    [
      'without a workflow',
      { ...workflow, claims: { sourceRepositoryURI: 'https://github.com/me/mine' } }
    ],
    ['without a repository', { ...workflow, claims: { buildSignerURI: NAME } }],
    ...[
      'https://github.com/me',
      'https://github.com/me/mine/more',
      'https://github.com//mine',
      'https://github.com/me/',
      'http://github.com/me/mine',
      'xhttps://github.com/me/mine',
      'https:///me/mine'
    ].map((uri): [string, CertificateIdentity] => [
      `of the repository ${uri}`,
      { ...workflow, claims: { ...workflow.claims, sourceRepositoryURI: uri } }
    ])
  ])('gives the name and the issuer of one %s', (_, identity) => {
    expect(asInputs(identity)).toBe(
      `certificate-identity: ${NAME}\ncertificate-oidc-issuer: ${identity.issuer}`
    )
  })

  it.each(['x: [y] #"', 'x:', ' x', 'x ', '', 'a\nb', '*', '"x"'])(
    'quotes %j, which YAML would read otherwise',
    name => {
      const [first = ''] = asInputs({ ...someone, subjectAlternativeName: name }).split('\n')
      expect(first).toBe(`certificate-identity: ${JSON.stringify(name)}`)
    }
  )

  it.each(['x:y', 'a.b/c-d_e@f'])('leaves %s as it is', name => {
    const [first] = asInputs({ ...someone, subjectAlternativeName: name }).split('\n')
    expect(first).toBe(`certificate-identity: ${name}`)
  })
})

describe('splitWorkflow', () => {
  it('finds the parts', () => {
    expect(
      splitWorkflow('https://host:1/o/r.s/.github/workflows/a b.yml@refs/heads/a@b\n')
    ).toEqual({
      server: 'https://host:1',
      repository: 'o/r.s',
      path: '.github/workflows/a b.yml',
      ref: 'refs/heads/a@b\n'
    })
  })

  it.each([
    '',
    'http://host/o/r/.github/workflows/x.yml@r',
    'xhttps://host/o/r/.github/workflows/x.yml@r',
    'https:///o/r/.github/workflows/x.yml@r',
    'https://host/r/.github/workflows/x.yml@r',
    'https://host/a/o/r/.github/workflows/x.yml@r',
    'https://host//r/.github/workflows/x.yml@r',
    'https://host/o//.github/workflows/x.yml@r',
    'https://host/o/r/xgithub/workflows/x.yml@r',
    'https://host/o/r/.github/workflows/@r',
    'https://host/o/r/.github/workflows/x.yml@',
    'https://host/o/r/.github/workflows/x.yml'
  ])('finds none in %j', uri => {
    expect(splitWorkflow(uri)).toBeUndefined()
  })
})
