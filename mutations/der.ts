import { ASN1Obj } from '@sigstore/core'
import * as der from '../sandbox/der.ts'
import { flipBit, offsets } from './bits.ts'
import { HUGE, swaps, type Donors, type Mutation } from './mutation.ts'

/** An element of DER; of an OCTET STRING that holds DER, too, these are the members. */
type Element = { tag: number; value: Buffer; members: Element[] }

const NULL = 0x05
const OCTETS = 0x04
const SEQUENCE = 0x30
const FIRST = 0xa0

function toElement(object: ASN1Obj): Element {
  const members = object.subs.map(each =>
    isCertificate(each) ? { tag: SEQUENCE, value: each.value, members: [] } : toElement(each)
  )
  return { tag: object.tag.toDER(), value: object.value, members }
}

// One within something else is one field: nobody reads it there.
function isCertificate({ tag, subs: [signed, algorithm, signature, ...others] }: ASN1Obj): boolean {
  const [version] = signed?.subs ?? []
  return (
    tag.toDER() === SEQUENCE &&
    version?.tag.toDER() === FIRST &&
    algorithm?.tag.toDER() === SEQUENCE &&
    signature?.tag.isBitString() === true &&
    others.length === 0
  )
}

/** The one element of DER that these bytes are; nothing where they are none. */
export function parseDer(bytes: Buffer): Element | undefined {
  try {
    return toElement(ASN1Obj.parseBuffer(Buffer.from(bytes)))
  } catch {
    return undefined
  }
}

function encode({ tag, value, members }: Element): Buffer {
  return der.element(tag, ...(members.length > 0 ? members.map(encode) : [value]))
}

function at(element: Element | undefined, path: readonly number[]): Element | undefined {
  return path.reduce<Element | undefined>((parent, i) => parent?.members[i], element)
}

/** The bytes of all with those of the element at a path replaced; lengths above it are made to fit. */
function replace(root: Element, [first, ...rest]: readonly number[], bytes: Buffer[]): Buffer {
  if (first === undefined) return Buffer.concat(bytes)
  const members = root.members.flatMap((member, i) =>
    i === first ? [replace(member, rest, bytes)] : [encode(member)]
  )
  return der.element(root.tag, ...members)
}

type Place = { path: number[]; element: Element; /** Of the tag. */ start: number }

/** All elements, with where they are in the encoding. */
function* places(element: Element, path: number[] = [], start = 0): Generator<Place> {
  yield { path, element, start }
  const header = encode(element).length - contentLength(element)
  let next = start + header
  for (const [i, member] of element.members.entries()) {
    yield* places(member, [...path, i], next)
    next += encode(member).length
  }
}

const contentLength = ({ value, members }: Element): number =>
  members.length > 0 ? members.reduce((sum, each) => sum + encode(each).length, 0) : value.length

/** Every element of DER with every operator. Fields are named by their position, such as `1.0.2`. */
export function* mutateDer(bytes: Buffer, donors: Donors<Buffer>): Generator<Mutation<Buffer>> {
  const root = parseDer(bytes)
  if (!root || !encode(root).equals(bytes)) throw new Error('not DER')
  const parsed = {
    same: donors.same.map(parseDer),
    another: donors.another.map(parseDer)
  }
  for (const { path, element, start } of places(root)) {
    const field = path.join('.') || '(all)'
    const put = (...with_: Buffer[]): Buffer => replace(root, path, with_)
    const own = encode(element)
    const length = contentLength(element)

    if (path.length > 0) yield { field, operator: 'delete', result: put() }
    yield { field, operator: 'duplicate', result: put(own, own) }

    // Where they stand: what is around it has not been told.
    const header = Array.from({ length: own.length - length }, (_, i) => start + i)
    const value = offsets(element.members.length > 0 ? 0 : length)
    const content = value.map(offset => start + own.length - length + offset)
    for (const offset of [...header, ...content]) {
      yield { field, operator: 'flip', result: flipBit(bytes, offset, 1 << (offset % 8)) }
    }

    for (const tag of [NULL, OCTETS, element.tag ^ 0x20]) {
      if (tag === element.tag) continue
      yield {
        field,
        operator: 'type',
        result: put(Buffer.concat([Buffer.of(tag), own.subarray(1)]))
      }
    }

    for (const more of [der.element(NULL), Buffer.of(0x80), Buffer.alloc(HUGE)]) {
      const rest = own.subarray(own.length - length)
      yield { field, operator: 'oversize', result: put(der.element(element.tag, rest, more)) }
    }

    for (const [operator, other] of swaps(parsed, donor => at(donor, path))) {
      yield { field, operator, result: put(encode(other)) }
    }
  }
}
