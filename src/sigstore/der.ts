/** Encodes one DER element: tag, definite length, content (X.690 §8.1, §10.1). */
export function der(tag: number, ...content: Uint8Array[]): Buffer {
  const value = Buffer.concat(content)
  if (value.length < 0x80) return Buffer.concat([Buffer.of(tag, value.length), value])
  const length: number[] = []
  for (let rest = value.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256)
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length, ...length), value])
}

export const INTEGER = 0x02
export const BOOLEAN = 0x01
export const OCTET_STRING = 0x04
export const NULL = 0x05
export const OBJECT_IDENTIFIER = 0x06
export const SEQUENCE = 0x30
