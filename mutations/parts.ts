import { swaps, type Donors, type Mutation } from './mutation.ts'

/** What a signature is put together of: who signed, what, and who saw it. */
const PARTS = [
  ['verificationMaterial', 'certificate'],
  ['verificationMaterial', 'x509CertificateChain'],
  ['verificationMaterial', 'tlogEntries'],
  ['verificationMaterial', 'timestampVerificationData'],
  ['messageSignature'],
  ['dsseEnvelope'],
  ['payload'],
  ['annotations', 'dev.cosignproject.cosign/signature'],
  ['annotations', 'dev.sigstore.cosign/certificate'],
  ['annotations', 'dev.sigstore.cosign/bundle'],
  ['annotations', 'dev.sigstore.cosign/rfc3161timestamp']
]

type Json = Record<string, unknown>

/** Two or more parts of one signature together in place of those of another, but never all. */
export function* mutateParts(text: string, donors: Donors<string>): Generator<Mutation<string>> {
  const parts = PARTS.filter(path => read(JSON.parse(text) as Json, path) !== undefined)
  for (let chosen = 1; chosen < 2 ** parts.length - 1; chosen++) {
    const taken = parts.filter((_, i) => (chosen >> i) % 2 === 1)
    if (taken.length < 2) continue
    for (const [operator, donor] of swaps(donors, each => JSON.parse(each) as Json)) {
      const json = JSON.parse(text) as Json
      for (const path of taken) {
        const parent = path.length > 1 ? (json[path[0] ?? ''] as Json) : json
        parent[path.at(-1) ?? ''] = read(donor, path)
      }
      const field = taken.map(path => path.at(-1)).join(' + ')
      yield { field, operator, result: JSON.stringify(json) }
    }
  }
}

function read(json: Json, path: string[]): unknown {
  return path.reduce<unknown>((parent, key) => (parent as Json | undefined)?.[key], json)
}
