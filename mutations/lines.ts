import { flipBit, offsets } from './bits.ts'
import { HUGE, swaps, type Donors, type Mutation } from './mutation.ts'

/** A place in a text: a line, or a word of one. */
type Place = { field: string; start: number; end: number }

function places(text: string): Place[] {
  let start = 0
  return text.split('\n').flatMap((line, i) => {
    const field = `line ${i}`
    const lineStart = start
    start += line.length + 1
    let wordStart = lineStart
    const words = line.split(' ').map((word, j) => {
      const place = { field: `${field}, word ${j}`, start: wordStart, end: wordStart + word.length }
      wordStart = place.end + 1
      return place
    })
    // With its end, as far as it has one.
    const end = Math.min(start, text.length)
    return [{ field, start: lineStart, end }, ...(words.length > 1 ? words : [])]
  })
}

/** Every line of a text, and every word of it, with every operator. */
export function* mutateLines(text: string, donors: Donors<string>): Generator<Mutation<string>> {
  const found = new Map(
    [...donors.same, ...donors.another].map(donor => [
      donor,
      new Map(places(donor).map(({ field, start, end }) => [field, donor.slice(start, end)]))
    ])
  )
  for (const { field, start, end } of places(text)) {
    const own = text.slice(start, end)
    const put = (other: string): string => text.slice(0, start) + other + text.slice(end)
    yield { field, operator: 'delete', result: put('') }
    yield { field, operator: 'duplicate', result: put(own + own) }
    for (const result of flipText(own)) yield { field, operator: 'flip', result: put(result) }
    for (const type of ['0', '{}', '[]', `"${own}"`]) {
      yield { field, operator: 'type', result: put(own.endsWith('\n') ? `${type}\n` : type) }
    }
    for (const more of [' ', '0', '=', 'A', '\n', 'A'.repeat(HUGE)]) {
      yield { field, operator: 'oversize', result: put(own + more) }
      yield { field, operator: 'oversize', result: put(more + own) }
    }
    for (const [operator, other] of swaps(donors, donor => found.get(donor)?.get(field))) {
      yield { field, operator, result: put(other) }
    }
  }
}

/** A text with one bit of a character another, also of base64 within it, which not every bit matters to. */
export function* flipText(text: string): Generator<string> {
  const bytes = Buffer.from(text)
  const padding = /=*\s*$/.exec(text)?.index ?? 0
  const last = Buffer.byteLength(text.slice(0, padding)) - 1
  for (const offset of new Set([...offsets(bytes.length), ...(last >= 0 ? [last] : [])])) {
    yield flipBit(bytes, offset).toString('utf8')
    yield flipBit(bytes, offset, 0x10).toString('utf8')
  }
}
