import { createHash } from 'node:crypto'

const hash = (...parts: Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest()

/** The root that a leaf's proof leads to, by the verifier's algorithm of RFC 9162 §2.1.3.2. */
export function rootFromProof(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: Uint8Array[]
): Buffer {
  let [fn, sn] = [index, size - 1]
  let root = hash(Buffer.from([0]), leaf)
  for (const node of path) {
    if (sn === 0) throw new Error('the proof is too long')
    if (fn % 2 === 1 || fn === sn) {
      root = hash(Buffer.from([1]), node, root)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1]
    } else {
      root = hash(Buffer.from([1]), root, node)
    }
    ;[fn, sn] = [fn >> 1, sn >> 1]
  }
  if (sn !== 0) throw new Error('the proof is too short')
  return root
}
