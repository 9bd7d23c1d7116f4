import { ASN1Obj } from '@sigstore/core'
import { describe, expect, it } from '@jest/globals'
import * as der from '../../sandbox/der.ts'
import { KeylessError } from '../../src/errors.ts'
import { parseBundle } from '../../src/trust/bundle.ts'
import { checkTimestamp } from '../../src/trust/timestamp.ts'
import { verifyBundle } from '../../src/trust/verify.ts'
import { identityPolicy } from '../../src/trust/policy-inputs.ts'
import { put } from './edit.ts'
import { digestOf, FILE, Instance } from './instance.ts'

const instance = new Instance()
const stamp = (certificates: boolean): Buffer =>
  Buffer.from(instance.stamp(Buffer.from('s'), new Date(), instance.tsa, certificates), 'base64')

type Change = (tag: number, content: Buffer) => Buffer

/** A timestamp with the element at a position, such as `1.1.0`, made another; lengths above it fit. */
function changed(path: string, change: Change, timestamp = stamp(false)): Buffer {
  return rebuild(ASN1Obj.parseBuffer(Buffer.from(timestamp)), path.split('.').map(Number), change)
}

function rebuild({ tag, value, subs }: ASN1Obj, path: number[], change: Change): Buffer {
  const [first, ...rest] = path
  if (first === undefined) return change(tag.toDER(), value)
  if (!subs[first]) throw new Error(`no member ${first}`)
  const members = subs.map((each, i) => (i === first ? rebuild(each, rest, change) : each.toDER()))
  return der.element(tag.toDER(), ...members)
}

const value =
  (hex: string): Change =>
  tag =>
    der.element(tag, Buffer.from(hex, 'hex'))
const tagged =
  (tag: number): Change =>
  (_, content) =>
    der.element(tag, content)
const add =
  (member: Buffer): Change =>
  (tag, content) =>
    der.element(tag, content, member)
const before =
  (member: Buffer): Change =>
  (tag, content) =>
    der.element(tag, member, content)
const again: Change = (tag, content) => der.element(tag, content, content)

function code(timestamp: Buffer): string {
  try {
    checkTimestamp(timestamp)
    return 'fine'
  } catch (error) {
    return error instanceof KeylessError ? error.code : String(error)
  }
}

const HERE = {
  repositoryId: '640123001',
  workflowRef: 'octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'
}
const SIGNED_DATA = '1.1.0'
const SIGNER = '1.1.0.3.0'

describe('a timestamp', () => {
  it.each<[string, Buffer]>([
    ['without certificates', stamp(false)],
    ['with certificates', stamp(true)],
    ['with other certificates', changed(`${SIGNED_DATA}.3`, value('0500'), stamp(true))],
    ['granted with modifications', changed('0.0', value('01'))],
    ['with a text beside its status', changed('0', add(der.sequence(der.utf8('fine'))))],
    [
      'of a signer that writes NULL for no parameters',
      changed(`${SIGNER}.2`, add(der.nil()), changed(`${SIGNED_DATA}.1.0`, add(der.nil())))
    ],
    ['signed with RSA', changed(`${SIGNER}.4`, value('06092a864886f70d0101010500'))],
    ['signed with RSA, without parameters', changed(`${SIGNER}.4`, value('06092a864886f70d010101'))]
  ])('may be %s', (_, timestamp) => {
    expect(code(timestamp)).toBe('fine')
  })

  it.each<[string, Buffer]>([
    ['is no DER', Buffer.from('no')],
    ['is something else', der.sequence()],
    ['is a set', Buffer.concat([Buffer.of(0x31), stamp(false).subarray(1)])],
    ['was rejected', changed('0.0', value('02'))],
    ['has a status of two bytes', changed('0.0', value('0000'))],
    ['tells why it failed', changed('0', add(der.bits(Buffer.of(1))))],
    ['has more than a token', changed('1', again)],
    ['is of another type', changed('1.0', value('2a864886f70d010701'))],
    ['has two tokens', changed('1.1', again)],
    ['is of another version', changed(`${SIGNED_DATA}.0`, value('04'))],
    ['lists another digest', changed(`${SIGNED_DATA}.1.0.0`, value('608648016503040202'))],
    ['lists two digests', changed(`${SIGNED_DATA}.1`, again)],
    ['holds another type', changed(`${SIGNED_DATA}.2.0`, value('2a864886f70d0109100105'))],
    ['holds two contents', changed(`${SIGNED_DATA}.2.1`, again)],
    ['has something behind its content', changed(`${SIGNED_DATA}.2.1.0`, again)],
    ['has certificates in another place', changed(`${SIGNED_DATA}.3`, tagged(0xa1), stamp(true))],
    ['has two signers', changed(`${SIGNED_DATA}.3`, again)],
    ['has a signer of another version', changed(`${SIGNER}.0`, value('03'))],
    ['names its signer in another way', changed(`${SIGNER}.1.0`, tagged(0x31))],
    ['has parameters of the digest', changed(`${SIGNER}.2`, add(der.integer(1)))],
    [
      'has parameters of the digest that say something',
      changed(
        `${SIGNER}.2`,
        add(der.element(0x05, Buffer.of(0))),
        changed(`${SIGNED_DATA}.1.0`, add(der.element(0x05, Buffer.of(0))))
      )
    ],
    ['has an algorithm unknown', changed(`${SIGNER}.4.0`, value('2a8648ce3d040305'))],
    ['has a second algorithm', changed(`${SIGNER}.4`, again)],
    ['has something before its algorithm', changed(`${SIGNER}.4`, before(der.nil()))],
    ['has parameters of the algorithm', changed(`${SIGNER}.4`, add(der.nil()))],
    ['has attributes that are not signed', changed(SIGNER, add(der.context(1, der.nil())))]
  ])('is refused where it %s', (_, timestamp) => {
    expect(code(timestamp)).toBe('TIMESTAMP_INVALID')
  })

  it('is looked at before a bundle is believed', async () => {
    const bundle = instance.sign()
    const path =
      'verificationMaterial.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp'
    const rejected = (own: unknown): string =>
      changed('0.0', value('02'), Buffer.from(String(own), 'base64')).toString('base64')
    put(path, rejected)(bundle)
    await expect(
      verifyBundle(parseBundle(JSON.stringify(bundle), 'b'), {
        roots: instance.roots(),
        digest: digestOf(FILE),
        expect: { kind: 'message-signature' },
        signer: { identity: identityPolicy({}, HERE) }
      })
    ).rejects.toMatchObject({ code: 'TIMESTAMP_INVALID' })
  })
})
