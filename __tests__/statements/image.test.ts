import { describe, expect, it } from '@jest/globals'
import { imageStatement } from '../../src/statements/image.ts'

const digest = 'sha256:f34377ff494589ce7b56d838d9c994aa05df4166212fd74f2a6bf412abebd7ec'
const name = 'index.docker.io/library/alpine'

describe('imageStatement', () => {
  it("is cosign's, with the name of the image", () => {
    // cosign 3.1.3 wrote this for `sign -a a=1 -a b=… -a k=<v>&`, without the name.
    const annotations = { k: '<v>&', b: 'ü\u2028"\\/\t\b\f\x01\n\r😀', a: '1' }
    expect(imageStatement({ name, digest, annotations }).toString()).toBe(
      '{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"index.docker.io/library/alpine",' +
        '"digest":{"sha256":"f34377ff494589ce7b56d838d9c994aa05df4166212fd74f2a6bf412abebd7ec"},' +
        '"annotations":{"a":"1","b":"ü\u2028\\"\\\\/\\t\\b\\f\\u0001\\n\\r😀","k":"<v>&"}}],' +
        '"predicateType":"https://sigstore.dev/cosign/sign/v1","predicate":{}}'
    )
  })

  it('has annotations also where there are none', () => {
    expect(JSON.parse(imageStatement({ name, digest, annotations: {} }).toString())).toMatchObject({
      subject: [{ annotations: {} }]
    })
  })

  it('is the same whatever the order of the annotations', () => {
    const one = imageStatement({ name, digest, annotations: { '-': 'x', '10': 'y', '9': 'z' } })
    const other = imageStatement({ name, digest, annotations: { '9': 'z', '10': 'y', '-': 'x' } })
    expect(one).toEqual(other)
    expect(one.toString()).toContain('{"-":"x","10":"y","9":"z"}')
  })
})
