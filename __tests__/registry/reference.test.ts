import { describe, expect, it } from '@jest/globals'

import { parseReference } from '../../src/registry/reference.ts'

const DIGEST = `sha256:${'0a'.repeat(32)}`

describe('a reference', () => {
  it.each([
    ['alpine', 'registry-1.docker.io', 'library/alpine', 'index.docker.io/library/alpine'],
    ['o/app', 'registry-1.docker.io', 'o/app', 'index.docker.io/o/app'],
    [
      'docker.io/alpine',
      'registry-1.docker.io',
      'library/alpine',
      'index.docker.io/library/alpine'
    ],
    ['index.docker.io/o/app', 'registry-1.docker.io', 'o/app', 'index.docker.io/o/app'],
    [
      'registry-1.docker.io/alpine',
      'registry-1.docker.io',
      'library/alpine',
      'index.docker.io/library/alpine'
    ],
    ['evildocker.io/alpine', 'evildocker.io', 'alpine', 'evildocker.io/alpine'],
    ['sub.docker.io/alpine', 'sub.docker.io', 'alpine', 'sub.docker.io/alpine'],
    ['docker.io:443/alpine', 'docker.io:443', 'alpine', 'docker.io:443/alpine'],
    ['GHCR.io/Owner/App', 'ghcr.io', 'owner/app', 'ghcr.io/owner/app'],
    ['localhost/app', 'localhost', 'app', 'localhost/app'],
    ['localhost:5000/a/b/c', 'localhost:5000', 'a/b/c', 'localhost:5000/a/b/c'],
    ['registry:5000/app', 'registry:5000', 'app', 'registry:5000/app'],
    ['127.0.0.1:5000/app', '127.0.0.1:5000', 'app', '127.0.0.1:5000/app'],
    ['[::1]:5000/app', '[::1]:5000', 'app', '[::1]:5000/app'],
    ['ghcr.io/a-b__c.d---e/f_g', 'ghcr.io', 'a-b__c.d---e/f_g', 'ghcr.io/a-b__c.d---e/f_g']
  ])('%s is of %s', (text, host, path, name) => {
    expect(parseReference(text, 'images').repository).toEqual({ host, path, name })
  })

  it('has a tag, a digest, both or none', () => {
    const parse = (text: string) => {
      const { repository, ...rest } = parseReference(text, 'images')
      return { path: repository.path, ...rest }
    }
    const path = 'library/app'
    expect(parse('app')).toEqual({ path, text: 'app' })
    expect(parse('App:V1')).toEqual({ path, tag: 'V1', text: 'app:V1' })
    expect(parse(`APP@${DIGEST}`)).toEqual({ path, digest: DIGEST, text: `app@${DIGEST}` })
    expect(parse(`App:V1@${DIGEST}`)).toEqual({
      path,
      tag: 'V1',
      digest: DIGEST,
      text: `app:V1@${DIGEST}`
    })
    expect(parse('localhost:5000')).toEqual({
      path: 'library/localhost',
      tag: '5000',
      text: 'localhost:5000'
    })
  })

  it.each([
    '',
    '/',
    'ghcr.io/',
    '/app',
    'ghcr.io//app',
    'ghcr.io/app/',
    'ghcr.io/-app',
    'ghcr.io/app-',
    'ghcr.io/a___b',
    'ghcr.io/a..b',
    'ghcr.io/../app',
    'ghcr.io/a b',
    ' ghcr.io/app',
    'ghcr.io/app\n',
    'https://ghcr.io/app',
    'user@ghcr.io/app',
    'user:password@ghcr.io/app',
    'ghcr.io/app?x',
    'ghcr.io/app#x',
    'ghcr.io/ä',
    '-ghcr.io/app',
    'ghcr.io./app',
    '.ghcr.io/app',
    'ghcr.io:/app',
    'ghcr.io:0x50/app',
    'ghcr.io:65536/app',
    '[::1/app',
    '[0::1]/app',
    '[fe80::1%25lo]/app',
    '127.1/app',
    '0177.0.0.1/app',
    '0x7f.0.0.1/app',
    'app:',
    'app:-x',
    `app:${'x'.repeat(129)}`,
    'app@',
    'app@sha256:00',
    `app@${DIGEST.toUpperCase()}`,
    `app@sha512:${'0'.repeat(128)}`,
    `app@${DIGEST}@${DIGEST}`,
    `app@${DIGEST}\n`,
    `ghcr.io/${'a'.repeat(248)}`
  ])('%j is none', text => {
    expect(() => parseReference(text, 'images')).toThrow(
      expect.objectContaining({
        code: 'IMAGE_REFERENCE_INVALID',
        message: expect.stringMatching(/^images: ".*" is not an image reference: .*ghcr\.io/)
      })
    )
  })

  it('of 255 characters is taken', () => {
    expect(parseReference(`ghcr.io/${'a'.repeat(247)}`, 'images').repository.host).toBe('ghcr.io')
  })

  it('does not bring a password, or a line of its own, into the message', () => {
    const parse = (): unknown =>
      parseReference('https://user:secret@ghcr.io/app\n::error::x', 'images')
    expect(parse).not.toThrow(/secret|\n/)
    expect(parse).toThrow()
  })

  it('of any length is refused at once', () => {
    const start = performance.now()
    for (const piece of ['a', 'a/', '-', 'a-', 'a.', ':', '@']) {
      expect(() => parseReference(piece.repeat(100_000), 'images')).toThrow()
    }
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
