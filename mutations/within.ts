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

/**
 * What is encoded within a string with every operator: DER and JSON in base64, a certificate in PEM, JSON,
 * and the lines of a text that has several. Of JSON in base64 the strings are left as they are: all of it
 * is signed or hashed as one.
 */
export function* mutateWithin(
  text: string,
  donors: Donors<string>
): Generator<Mutation<string>> {
  const bytes = Buffer.from(text, 'base64')
  const decoded = base64(bytes) === text
  if (decoded && parseDer(bytes)) {
    const others = inner(donors, donor => Buffer.from(donor, 'base64'))
    yield* encoded(mutateDer(bytes, others), base64)
  } else if (decoded && isJson(bytes.toString())) {
    const others = inner(donors, donor => Buffer.from(donor, 'base64').toString())
    yield* encoded(mutateJson(bytes.toString(), others, false), json => base64(Buffer.from(json)))
  } else if (isJson(text)) {
    yield* mutateJson(text, donors)
  } else if (text.includes('\n')) {
    yield* mutateLines(text, donors)
    const own = certificateIn(text)
    if (own) yield* encoded(mutateDer(own, inner(donors, certificateIn)), pem)
  }
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
