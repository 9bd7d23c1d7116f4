import { type JsonWebKey, createPublicKey, verify } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type Sandbox, startSandbox } from '../../sandbox/client.ts'
import { claimsOf, requestToken } from './signer.ts'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ claims: { environment: 'production', sha: 'f'.repeat(40) } })
})
afterAll(async () => sandbox.stop())

describe('the OIDC issuer', () => {
  it('signs tokens with the key that it publishes', async () => {
    const [header = '', payload = '', signature = ''] = (await requestToken(sandbox)).split('.')
    const discovery = await fetch(`${sandbox.urls.oidc}/.well-known/openid-configuration`)
    const { jwks_uri } = (await discovery.json()) as { jwks_uri: string }
    const { keys } = (await (await fetch(jwks_uri)).json()) as {
      keys: (JsonWebKey & { kid: string })[]
    }
    const { kid, alg } = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<
      string,
      string
    >
    const jwk = keys.find(key => key.kid === kid)
    expect(alg).toBe('RS256')
    const key = createPublicKey({ format: 'jwk', key: jwk as JsonWebKey })
    const signed = Buffer.from(`${header}.${payload}`)
    expect(verify('RSA-SHA256', signed, key, Buffer.from(signature, 'base64url'))).toBe(true)
  })

  it('says in the token what the environment says', async () => {
    const claims = claimsOf(await requestToken(sandbox))
    expect(claims).toMatchObject({
      iss: 'https://token.actions.githubusercontent.com',
      aud: 'sigstore',
      sub: 'repo:octo-org/octo-models:ref:refs/heads/main',
      environment: 'production',
      repository_visibility: 'public',
      repository: sandbox.env.GITHUB_REPOSITORY,
      repository_id: sandbox.env.GITHUB_REPOSITORY_ID,
      repository_owner: sandbox.env.GITHUB_REPOSITORY_OWNER,
      repository_owner_id: sandbox.env.GITHUB_REPOSITORY_OWNER_ID,
      ref: sandbox.env.GITHUB_REF,
      sha: sandbox.env.GITHUB_SHA,
      workflow_ref: sandbox.env.GITHUB_WORKFLOW_REF,
      workflow_sha: sandbox.env.GITHUB_WORKFLOW_SHA,
      event_name: sandbox.env.GITHUB_EVENT_NAME,
      run_id: sandbox.env.GITHUB_RUN_ID,
      run_attempt: sandbox.env.GITHUB_RUN_ATTEMPT,
      runner_environment: sandbox.env.RUNNER_ENVIRONMENT
    })
    expect(claims.sha).toBe('f'.repeat(40))
  })

  it('is asked with the request token only', async () => {
    const url = sandbox.env.ACTIONS_ID_TOKEN_REQUEST_URL ?? ''
    expect((await fetch(url, { headers: { authorization: 'Bearer no' } })).status).toBe(401)
  })

  it('changes and drops claims, and keeps every token as a secret', async () => {
    await sandbox.setClaims({ ref: 'refs/tags/v1', repository_visibility: undefined })
    const token = await requestToken(sandbox)
    const claims = claimsOf(token)
    expect(claims.ref).toBe('refs/tags/v1')
    expect(claims).not.toHaveProperty('repository_visibility')
    const secrets = await sandbox.secrets()
    expect(secrets).toContain(token)
    expect(secrets).toContain(sandbox.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN)
  })

  it('shifts its clock', async () => {
    await sandbox.fault({ service: 'oidc', kind: 'clock', seconds: 7200, times: 1 })
    const ahead = Number(claimsOf(await requestToken(sandbox)).iat) - Date.now() / 1000
    expect(Math.abs(ahead - 7200)).toBeLessThan(60)
  })
})
