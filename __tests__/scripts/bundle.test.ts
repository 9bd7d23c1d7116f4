import { describe, expect, it } from '@jest/globals'
import { missingImports, packageFolder } from '../../scripts/bundle.ts'

describe('packageFolder', () => {
  it.each([
    ['/r/node_modules/p-limit/index.js', '/r/node_modules/p-limit'],
    ['/r/node_modules/@sigstore/core/dist/a/b.js', '/r/node_modules/@sigstore/core'],
    ['/r/node_modules/a/node_modules/@b/c/d.js', '/r/node_modules/a/node_modules/@b/c']
  ])('finds the innermost package of %s', (file, folder) => {
    expect(packageFolder(file)).toBe(folder)
  })

  it.each(['/r/src/sign/main.ts', '/r/node_modules/.cache/keyless-sign/src/sign/main.js'])(
    'takes %s for our own',
    file => {
      expect(packageFolder(file)).toBeUndefined()
    }
  )
})

describe('missingImports', () => {
  it('names what ncc put a stand-in for', () => {
    const ncc = '/r/node_modules/@vercel/ncc/dist/ncc'
    const resources = ['/r/src/a.js', `${ncc}/@@notfound.js?../b.js`, '/r/node_modules/c/c.js']
    expect(missingImports(resources)).toEqual(['../b.js'])
  })
})
