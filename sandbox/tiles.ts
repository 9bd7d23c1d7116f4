import type { MerkleTree } from './merkle.ts'

/** A tile by its address: `width` leaves or nodes, 256 unless it is the last of its level. */
export type Tile = { level: number | 'entries'; index: number; width: number }

const WIDTH = 256

/**
 * Reads the address of a tile (C2SP tlog-tiles): `/tile/<L>/<N>[.p/<W>]`, where N is written in groups of
 * three digits, all but the last with an x.
 */
export function parseTile(path: string): Tile | undefined {
  const match =
    /^\/api\/v2\/tile\/(\d|[1-5]\d|6[0-3]|entries)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(
      path
    )
  const [, level = '', groups = '', partial] = match ?? []
  const width = partial === undefined ? WIDTH : Number(partial)
  // A whole tile has one address only, and so has a number.
  if (match === null || (partial !== undefined && width >= WIDTH)) return undefined
  if (groups.startsWith('x000/')) return undefined
  const index = Number(groups.replaceAll(/\D/g, ''))
  return { level: level === 'entries' ? level : Number(level), index, width }
}

/** A bundle of entries, each after its length in two bytes; nothing where the log is too short. */
export function entryBundle({ index, width }: Tile, entries: Buffer[]): Buffer | undefined {
  const start = index * WIDTH
  if (start + width > entries.length) return undefined
  return Buffer.concat(
    entries.slice(start, start + width).flatMap(entry => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(entry.length)
      return [length, entry]
    })
  )
}

/** The roots of whole subtrees of 256^level leaves; nothing where the log is too short. */
export function hashTile(
  { level, index, width }: Tile,
  tree: MerkleTree,
  size: number
): Buffer | undefined {
  const height = 8 * Number(level)
  const start = index * WIDTH
  if ((start + width) * 2 ** height > size) return undefined
  const nodes = Array.from({ length: width }, (_, i) => tree.node(height, start + i))
  return Buffer.concat(nodes)
}
