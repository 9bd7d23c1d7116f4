import { X509Certificate } from '@sigstore/core'
import { describe, expect, it } from '@jest/globals'
import type { Authority } from '../../sandbox/authority.ts'
import { remember } from '../../src/trust/memo.ts'
import { Instance } from './instance.ts'
import { textAt } from './edit.ts'

const instance = new Instance()
const leaf = Buffer.from(
  textAt(instance.sign(), 'verificationMaterial.certificate.rawBytes'),
  'base64'
)

function first({ chain: [certificate = Buffer.alloc(0)] }: Authority): Buffer<ArrayBuffer> {
  return Buffer.from(certificate)
}

describe('remember', () => {
  it.each([
    ['a leaf', leaf],
    ['a CA', first(instance.fulcio)],
    ['a timestamp authority', first(instance.tsa)]
  ])('gives the bytes that %s is encoded to, also of its parts', (_, der) => {
    const fresh = X509Certificate.parse(der)
    const remembered = remember(X509Certificate.parse(der), der)
    const parts = ({ root, tbsCertificate }: X509Certificate): Buffer[] =>
      [root, ...root.subs, tbsCertificate, ...tbsCertificate.subs].map(part => part.toDER())
    expect(parts(remembered)).toEqual(parts(fresh))
    expect(remembered.publicKey).toEqual(fresh.publicKey)
    expect(remembered.equals(fresh)).toBe(true)
  })

  it('encodes neither the certificate nor its parts anew', () => {
    const { root, tbsCertificate } = remember(X509Certificate.parse(leaf), leaf)
    expect(root.toDER()).toBe(leaf)
    for (const part of [...root.subs, ...tbsCertificate.subs]) {
      expect(part.toDER()).toBe(part.toDER())
    }
  })

  it('lets a copy be changed, and does not change itself', () => {
    const remembered = remember(X509Certificate.parse(leaf), leaf)
    const copy = remembered.clone()
    copy.extensions.splice(0, 1)
    expect(copy.tbsCertificate.toDER()).not.toEqual(remembered.tbsCertificate.toDER())
    expect(remembered.root.toDER()).toEqual(leaf)
  })

  it('asks once whether somebody signed it, and anew about those who did not', () => {
    const certificate = X509Certificate.parse(leaf)
    const asked: unknown[] = []
    const verify = certificate.verify.bind(certificate)
    certificate.verify = issuer => {
      asked.push(issuer)
      return verify(issuer)
    }
    const remembered = remember(certificate, leaf)
    const [own, other] = [instance, new Instance()].map(({ fulcio }) =>
      X509Certificate.parse(first(fulcio))
    )
    for (const each of [own, own, other, other]) remembered.verify(each)
    expect(asked).toEqual([own, other, other])
  })

  it('knows who signed it, and who did not', () => {
    const remembered = remember(X509Certificate.parse(leaf), leaf)
    const [own, other] = [instance, new Instance()].map(({ fulcio }) =>
      X509Certificate.parse(first(fulcio))
    )
    const answers = [other, own, other, own].map(each => remembered.verify(each))
    expect(answers).toEqual([false, true, false, true])
    expect(remembered.verify()).toBe(false)
  })
})
