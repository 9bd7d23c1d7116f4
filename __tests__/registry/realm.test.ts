import { describe, expect, it } from '@jest/globals'

import { registryUrl, tokenService } from '../../src/registry/realm.ts'

describe('the token service of', () => {
  it.each([
    ['ghcr.io', 'https://ghcr.io/token'],
    ['ghcr.io', 'https://GHCR.io:443/token'],
    ['git.example.com:5050', 'https://git.example.com/jwt/auth'],
    ['git.example.com:5050', 'https://git.example.com:5050/jwt/auth'],
    ['registry-1.docker.io', 'https://auth.docker.io/token'],
    ['registry.gitlab.com', 'https://gitlab.com/jwt/auth'],
    ['registry.git.example.com', 'https://git.example.com/jwt/auth'],
    ['registry.digitalocean.com', 'https://api.digitalocean.com/v2/registry/auth'],
    ['10.0.0.1:5000', 'https://10.0.0.1:5000/token'],
    ['127.0.0.1:5000', 'http://127.0.0.1:5001/token'],
    ['localhost:5000', 'https://localhost/token']
  ])('%s may be %s', (host, realm) => {
    expect(tokenService(host, realm).href).toBe(new URL(realm).href)
  })

  it.each([
    ['ghcr.io', 'http://ghcr.io/token', 'not https'],
    ['ghcr.io', 'http://127.0.0.1/token', 'not https'],
    ['ghcr.io', 'https://127.0.0.1/token', 'not known'],
    ['ghcr.io', 'https://169.254.169.254/token', 'not known'],
    ['ghcr.io', 'https://[fd00::1]/token', 'not known'],
    ['ghcr.io', 'https://evil.example/token', 'not known'],
    ['ghcr.io', 'https://evilghcr.io/token', 'not known'],
    ['ghcr.io', 'https://ghcr.io.evil.example/token', 'not known'],
    ['ghcr.io', 'https://auth.ghcr.io/token', 'not known'],
    ['ghcr.io', 'https://ghcr.io:8443/token', 'not known'],
    ['ghcr.io', 'https://ghcr.io@evil.example/token', 'has a user'],
    ['ghcr.io', 'https://auth.docker.io/token', 'not known'],
    ['docker.io:443', 'https://auth.docker.io/token', 'not known'],
    ['registry.example.com', 'https://com/token', 'not known'],
    ['registry.example.com', 'https://example.com:8443/token', 'not known'],
    ['registry.example.com', 'https://gitlab.example.com/jwt/auth', 'not known'],
    ['registry.evilgitlab.com', 'https://gitlab.com/jwt/auth', 'not known'],
    ['a.azurecr.io', 'https://b.azurecr.io/oauth2/token', 'not known'],
    ['10.0.0.1', 'https://0.0.1/token', 'not known'],
    ['127.0.0.1:5000', 'https://localhost/token', 'not known'],
    ['127.0.0.1:5000', 'http://192.168.0.1/token', 'not https'],
    ['127.0.0.1:5000', 'https://example.com/token', 'not known'],
    ['ghcr.io', 'file:///etc/passwd', 'not https'],
    ['ghcr.io', '/token', 'not a URL'],
    ['ghcr.io', undefined, 'not a URL']
  ])('%s is not %s', (host, realm, why) => {
    expect(() => tokenService(host, realm)).toThrow(
      expect.objectContaining({
        code: 'REGISTRY_REALM_REFUSED',
        message: expect.stringMatching(
          `^The registry ${host.replaceAll('.', '\\.')} .*which.*${why}`
        )
      })
    )
  })

  it('gets none of its query or user part into the message', () => {
    const realm = 'https://user:secret@evil.example/token?secret#secret'
    expect(() => tokenService('ghcr.io', realm)).not.toThrow(/secret/)
    expect(() => tokenService('ghcr.io', realm)).toThrow()
  })
})

it.each([
  ['ghcr.io', 'https://ghcr.io/'],
  ['localhost:5000', 'http://localhost:5000/'],
  ['127.0.0.2', 'http://127.0.0.2/'],
  ['[::1]:5000', 'http://[::1]:5000/'],
  ['localhost.example.com', 'https://localhost.example.com/'],
  ['10.0.0.1:5000', 'https://10.0.0.1:5000/']
])('a registry is asked over plain http on this machine only: %s', (host, url) => {
  expect(registryUrl(host).href).toBe(url)
})
