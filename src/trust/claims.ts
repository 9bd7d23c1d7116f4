import { KeylessError } from '../errors.ts'
import type { Extension } from './certificate.ts'
import { GITHUB_ISSUER, type CertificateIdentity, type ClaimName } from './identity.ts'

// https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
const FULCIO = '1.3.6.1.4.1.57264.1'
const ISSUER = `${FULCIO}.8`
const LEGACY_ISSUER = `${FULCIO}.1`

const CLAIMS: Readonly<Record<ClaimName, number>> = {
  buildSignerURI: 9,
  buildSignerDigest: 10,
  runnerEnvironment: 11,
  sourceRepositoryURI: 12,
  sourceRepositoryDigest: 13,
  sourceRepositoryRef: 14,
  sourceRepositoryIdentifier: 15,
  sourceRepositoryOwnerURI: 16,
  sourceRepositoryOwnerIdentifier: 17,
  buildConfigURI: 18,
  buildConfigDigest: 19,
  buildTrigger: 20,
  runInvocationURI: 21,
  sourceRepositoryVisibilityAtSigning: 22,
  deploymentEnvironment: 23
}

// Certificates of before 2023 have only these, without DER around the text.
const LEGACY_CLAIMS: [ClaimName, number][] = [
  ['buildTrigger', 2],
  ['sourceRepositoryDigest', 3],
  ['sourceRepositoryRef', 6]
]
const LEGACY_REPOSITORY = `${FULCIO}.5`

type Extensions = ReadonlyMap<string, Extension>

/** The issuer of the token that the certificate was given for. */
export function readIssuer(extensions: Extensions): string {
  const issuer = derText(extensions, ISSUER)
  const legacy = rawText(extensions, LEGACY_ISSUER)
  if (issuer !== undefined && legacy !== undefined && issuer !== legacy) {
    throw malformed(`names two issuers (${ISSUER} and ${LEGACY_ISSUER})`)
  }
  const found = issuer ?? legacy
  if (found === undefined) throw malformed('names no token issuer')
  return found
}

/** What the token said of the build; a claim that it did not make is absent. */
export function readClaims(extensions: Extensions): CertificateIdentity['claims'] {
  const claims: CertificateIdentity['claims'] = {}
  const add = (name: ClaimName, value: string | undefined): void => {
    // Fulcio may write an empty claim where there is none.
    if (value !== undefined && value !== '') claims[name] ??= value
  }
  const names = Object.keys(CLAIMS) as ClaimName[]
  for (const name of names) add(name, derText(extensions, `${FULCIO}.${CLAIMS[name]}`))
  for (const [name, arc] of LEGACY_CLAIMS) add(name, rawText(extensions, `${FULCIO}.${arc}`))
  // Only GitHub's tokens made this claim, and only on github.com.
  const repository = rawText(extensions, LEGACY_REPOSITORY)
  if (repository !== undefined && readIssuer(extensions) === GITHUB_ISSUER) {
    add('sourceRepositoryURI', `https://github.com/${repository}`)
  }
  return claims
}

// The extension's value is a DER UTF8String.
function derText(extensions: Extensions, oid: string): string | undefined {
  const extension = extensions.get(oid)
  if (!extension) return undefined
  const { value, inner } = extension
  // Re-encoded and compared, so that nothing can stand behind the string.
  if (inner?.tag.toDER() !== 0x0c || !inner.toDER().equals(value)) {
    throw malformed(`has an extension ${oid} that is not a UTF-8 string`)
  }
  return decode(inner.value, oid)
}

function rawText(extensions: Extensions, oid: string): string | undefined {
  const value = extensions.get(oid)?.value
  return value && decode(value, oid)
}

function decode(value: Buffer, oid: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
  } catch (cause) {
    throw malformed(`has an extension ${oid} that is not UTF-8`, cause)
  }
}

function malformed(what: string, cause?: unknown): KeylessError {
  return new KeylessError('CERTIFICATE_MALFORMED', `The certificate in the bundle ${what}.`, {
    cause
  })
}
