import { describe, expect, it } from '@jest/globals'
import { ASN1Obj } from '@sigstore/core'
import * as der from '../../sandbox/der.ts'

const parse = (encoded: Buffer): ASN1Obj => ASN1Obj.parseBuffer(Buffer.from(encoded))

describe('der', () => {
  it.each([0, 1, 127, 128, 255, 256, 65535, 65536])('writes a value of %d octets', count => {
    const value = Buffer.alloc(count, 7)
    expect(parse(der.octets(value)).value).toEqual(value)
  })

  it.each([
    [0, '020100'],
    [127, '02017f'],
    [128, '02020080'],
    [256, '02020100'],
    [0xdeadbeefn, '020500deadbeef']
  ])('writes the integer %d', (value, hex) => {
    expect(der.integer(value).toString('hex')).toBe(hex)
  })

  it.each([
    '2.5.29.17',
    '1.2.840.10045.4.3.2',
    '1.3.6.1.4.1.57264.1.24',
    '1.3.6.1.4.1.11129.2.4.2'
  ])('writes the object identifier %s', id => {
    expect(parse(der.oid(id)).toOID()).toBe(id)
  })

  it('sorts the members of a set', () => {
    const [a, b] = [der.integer(1), der.integer(2)]
    expect(der.set(b, a)).toEqual(der.set(a, b))
  })

  it('writes times in whole seconds', () => {
    const at = new Date('2026-03-04T05:06:07.890Z')
    const whole = new Date('2026-03-04T05:06:07.000Z')
    expect(parse(der.generalizedTime(at)).toDate()).toEqual(whole)
    expect(parse(der.utcTime(at)).toDate()).toEqual(whole)
  })
})
