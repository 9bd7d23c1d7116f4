import { createHash } from 'node:crypto'

const hash = (...parts: Uint8Array[]): Buffer => {
  const sha256 = createHash('sha256')
  for (const part of parts) sha256.update(part)
  return sha256.digest()
}

/** RFC 6962 §2.1: leaves and nodes are hashed apart, so that neither passes for the other. */
export const leafHash = (leaf: Uint8Array): Buffer => hash(Buffer.from([0]), leaf)
const nodeHash = (left: Buffer, right: Buffer): Buffer => hash(Buffer.from([1]), left, right)

/** The largest power of two that is smaller than `count` (which is 2 or more). */
const split = (count: number): number => 2 ** (Math.ceil(Math.log2(count)) - 1)

/** A Merkle tree that only grows. Whole subtrees are kept, so that a proof costs O(log² n). */
export class MerkleTree {
  /** `#levels[h][i]` is the root of the i-th whole subtree of 2^h leaves. */
  readonly #levels: Buffer[][] = [[]]

  get size(): number {
    return this.#levels[0]?.length ?? 0
  }

  /** Adds a leaf's hash, and answers its index. */
  append(leaf: Buffer): number {
    const index = this.size
    let node = leaf
    for (let height = 0; ; height += 1) {
      const level = (this.#levels[height] ??= [])
      level.push(node)
      const left = level.at(-2)
      if (level.length % 2 === 1 || left === undefined) return index
      node = nodeHash(left, node)
    }
  }

  /** The root of the index-th whole subtree of 2^height leaves. */
  node(height: number, index: number): Buffer {
    return this.#subtree(index * 2 ** height, (index + 1) * 2 ** height)
  }

  /** MTH(D[0:size]): the root of the tree's first `size` leaves. */
  root(size = this.size): Buffer {
    return size === 0 ? hash() : this.#subtree(0, size)
  }

  /** PATH(index, D[0:size]), from the leaf upwards. */
  inclusionProof(index: number, size = this.size): Buffer[] {
    const path: Buffer[] = []
    let [start, end] = [0, size]
    while (end - start > 1) {
      const middle = start + split(end - start)
      if (index < middle) {
        path.unshift(this.#subtree(middle, end))
        end = middle
      } else {
        path.unshift(this.#subtree(start, middle))
        start = middle
      }
    }
    return path
  }

  #subtree(start: number, end: number): Buffer {
    const count = end - start
    const height = Math.log2(count)
    const whole = Number.isInteger(height) ? this.#levels[height]?.[start / count] : undefined
    if (whole !== undefined) return whole
    const middle = start + split(count)
    return nodeHash(this.#subtree(start, middle), this.#subtree(middle, end))
  }
}
