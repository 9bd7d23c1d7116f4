/**
 * Enough DER (X.690) to write certificates and timestamps. Reading is `ASN1Obj` of @sigstore/core.
 */

function length(count: number): Buffer {
  if (count < 0x80) return Buffer.from([count])
  const bytes = Buffer.from(count.toString(16).padStart(count > 0xffff ? 6 : 4, '0'), 'hex')
  const minimal = bytes[0] === 0 ? bytes.subarray(1) : bytes
  return Buffer.concat([Buffer.from([0x80 | minimal.length]), minimal])
}

/** One element: tag, length, contents. */
export function element(tag: number, ...contents: Uint8Array[]): Buffer {
  const value = Buffer.concat(contents)
  return Buffer.concat([Buffer.from([tag]), length(value.length), value])
}

export const sequence = (...of: Uint8Array[]): Buffer => element(0x30, ...of)

/** SET OF: DER sorts the members by their encoding (X.690 §11.6). */
export const set = (...of: Uint8Array[]): Buffer =>
  element(0x31, ...of.toSorted((a, b) => Buffer.compare(a, b)))

/** Context-specific and constructed, as EXPLICIT tags and IMPLICIT ones of structures are. */
export const context = (tag: number, ...of: Uint8Array[]): Buffer => element(0xa0 | tag, ...of)

export const octets = (value: Uint8Array): Buffer => element(0x04, value)
export const utf8 = (value: string): Buffer => element(0x0c, Buffer.from(value))
export const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]))
export const nil = (): Buffer => element(0x05)

/** A non-negative INTEGER. */
export function integer(value: bigint | number): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  const negative = (bytes[0] ?? 0) >= 0x80
  return element(0x02, negative ? Buffer.from([0]) : Buffer.alloc(0), bytes)
}

/** A BIT STRING of whole bytes, or of fewer bits when the last `unused` ones do not count. */
export const bits = (value: Uint8Array, unused = 0): Buffer =>
  element(0x03, Buffer.from([unused]), value)

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const arcs = [first * 40 + second, ...rest].flatMap(arc => {
    const groups = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift(0x80 | (left % 128))
    }
    return groups
  })
  return element(0x06, Buffer.from(arcs))
}

const digits = (at: Date): string => at.toISOString().replaceAll(/[-:T]|\..*$/g, '')

/** GeneralizedTime in whole seconds: some readers accept no fraction but one of three digits. */
export const generalizedTime = (at: Date): Buffer => element(0x18, Buffer.from(`${digits(at)}Z`))

export const utcTime = (at: Date): Buffer => element(0x17, Buffer.from(`${digits(at).slice(2)}Z`))
