/** Bytes of which one bit is another. */
export function flipBit(bytes: Buffer, offset: number, mask = 1): Buffer {
  const flipped = Buffer.from(bytes)
  flipped[offset] = (flipped[offset] ?? 0) ^ mask
  return flipped
}

/** Offsets at which bits are flipped: the first, the last, and some between them, at equal distances. */
export function offsets(length: number): number[] {
  const parts = Math.min(4, Math.ceil(length / 16))
  const between = Array.from({ length: parts }, (_, i) => Math.floor((length * i) / parts))
  return length === 0 ? [] : [...new Set([...between, length - 1])]
}
