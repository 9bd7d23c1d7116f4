import { describe, expect, it } from '@jest/globals'
import { simpleSigning } from '../../src/statements/simple-signing.ts'

const digest = 'sha256:f34377ff494589ce7b56d838d9c994aa05df4166212fd74f2a6bf412abebd7ec'

// Each payload is what `crane blob` gave after cosign 3.1.3 and 2.6.5 (same bytes from both), with
// `cosign sign --key cosign.key --new-bundle-format=false --use-signing-config=false --tlog-upload=false`.
describe('simpleSigning is, byte for byte, what cosign signs', () => {
  it('without annotations', () => {
    const payload = simpleSigning({ name: '127.0.0.1:15077/o/w3', digest, annotations: {} })
    expect(payload.toString()).toBe(
      '{"critical":{"identity":{"docker-reference":"127.0.0.1:15077/o/w3"},' +
        '"image":{"docker-manifest-digest":"sha256:f34377ff494589ce7b56d838d9c994aa05df4166212fd74f2a6bf412abebd7ec"},' +
        '"type":"cosign container image signature"},"optional":null}'
    )
  })

  it('with annotations: keys by their bytes, escapes as in Go', () => {
    // -a 'k=<v>&' -a "b=…" -a a=1 -a B=2
    const annotations = { k: '<v>&', b: 'ü\u2028"\\\x7f/\t\b\f\x01\n\r😀', a: '1', B: '2' }
    const payload = simpleSigning({ name: '127.0.0.1:15077/o/w3', digest, annotations })
    expect(payload.toString()).toBe(
      '{"critical":{"identity":{"docker-reference":"127.0.0.1:15077/o/w3"},' +
        '"image":{"docker-manifest-digest":"sha256:f34377ff494589ce7b56d838d9c994aa05df4166212fd74f2a6bf412abebd7ec"},' +
        '"type":"cosign container image signature"},' +
        '"optional":{"B":"2","a":"1","b":"ü\\u2028\\"\\\\\x7f/\\t\\b\\f\\u0001\\n\\r😀","k":"\\u003cv\\u003e\\u0026"}}'
    )
    // what the descriptor of cosign 3.1.3's layer said
    expect(payload.length).toBe(316)
  })

  it('with keys that look like numbers, or are beyond the first plane', () => {
    const annotations = { '10': '', '9': '', '-': '', '\u{1f600}': '', '\uff5e': '' }
    expect(simpleSigning({ name: 'n', digest, annotations }).toString()).toContain(
      '"optional":{"-":"","10":"","9":"","\uff5e":"","\u{1f600}":""}'
    )
  })
})
