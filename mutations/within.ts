import { pem } from '../sandbox/certificate.ts'
import { readPem } from '../src/trust/pem.ts'
import { mutateDer, parseDer } from './der.ts'
import { mutateJson } from './json.ts'
import { mutateLines } from './lines.ts'
import { inner, type Donors, type Mutation } from './mutation.ts'

const base64 = (bytes: Buffer): string => bytes.toString('base64')

function isJson(text: string): boolean {
  return text.startsWith('{') && text.trimEnd().endsWith('}')
}

type Encoding = (text: string, donors: Donors<string>) => Iterable<Mutation<string>>

/**
 * How a string is read on: DER and JSON in base64, a certificate in PEM, JSON, and a text of several lines.
 * Nothing where it is a value of its own.
 */
export function encodingOf(text: string): Encoding | undefined {
  const bytes = Buffer.from(text, 'base64')
  if (base64(bytes) === text) {
    if (parseDer(bytes)) return derInBase64
    return isJson(bytes.toString()) ? jsonInBase64 : undefined
  }
  if (isJson(text)) return mutateJson
  if (certificateIn(text)) return certificate
  return text.includes('\n') ? mutateLines : undefined
}

const derInBase64: Encoding = (text, donors) =>
  encoded(
    mutateDer(
      Buffer.from(text, 'base64'),
      inner(donors, donor => Buffer.from(donor, 'base64'))
    ),
    base64
  )

// The strings in there are left as they are: all of it is signed or hashed as one.
const jsonInBase64: Encoding = (text, donors) => {
  const decode = (each: string): string => Buffer.from(each, 'base64').toString()
  const mutations = mutateJson(decode(text), inner(donors, decode), false)
  return encoded(mutations, json => base64(Buffer.from(json)))
}

const certificate: Encoding = function* (text, donors) {
  yield* mutateLines(text, donors)
  const own = certificateIn(text)
  if (own) yield* encoded(mutateDer(own, inner(donors, certificateIn)), pem)
}

function certificateIn(text: string): Buffer | undefined {
  const found = readPem(text)
  return found && 'certificate' in found ? found.certificate : undefined
}

function* encoded<T>(
  mutations: Iterable<Mutation<T>>,
  encode: (result: T) => string
): Generator<Mutation<string>> {
  for (const { field, operator, result } of mutations) {
    yield { field, operator, result: encode(result) }
  }
}
