import { KeylessError } from '../errors.ts'
import { quote } from './quote.ts'

/** A part of a file, in bytes; the end is exclusive. */
export type Shard = { start: number; end: number }

/**
 * Reads the name of a shard, `path:start:end`; the path itself may have colons (OMS v1.0 §6.3.2).
 * @param at where it is, for messages
 * @throws KeylessError MODEL_SHARDS
 */
export function parseShard(text: string, at: string): { name: string; shard: Shard } {
  const [, name, start, end] = /^(.+):(0|[1-9]\d{0,14}):([1-9]\d{0,14})$/s.exec(text) ?? []
  if (name === undefined) {
    throw new KeylessError(
      'MODEL_SHARDS',
      `${at} is named ${quote(text)}; a shard is named by its file, where it starts and where it ends.`
    )
  }
  return { name, shard: { start: Number(start), end: Number(end) } }
}

/**
 * Makes sure that shards are all of a file, each byte once and each shard of the size agreed on: a
 * gap would be bytes that nobody signed. Whether the last one ends where the file does, the file shows.
 *
 * @param size of every shard but the last, which may be smaller
 * @throws KeylessError MODEL_SHARDS
 */
export function checkShards(name: string, shards: Shard[], size: number): void {
  const sorted = shards.toSorted((a, b) => a.start - b.start)
  sorted.forEach(({ start, end }, i) => {
    const whole = end - start === size
    const rest = i === sorted.length - 1 && start < end && end - start < size
    if (start === i * size && (whole || rest)) return
    throw new KeylessError(
      'MODEL_SHARDS',
      `The model statement in the bundle has ${quote(name)} in shards that are not the whole file in parts of ${size} bytes: one is ${start} to ${end}.`
    )
  })
}
