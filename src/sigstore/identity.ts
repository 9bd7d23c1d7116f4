import { KeylessError } from '../errors.ts'
import { fromOutside } from '../http/words.ts'
import { isObject } from '../json.ts'
import type { Json } from './json.ts'

const AUDIENCE = 'sigstore'
const GITHUB = 'https://token.actions.githubusercontent.com'
/** How far ahead of this machine's clock an issuer's may be: more is a wrong clock, not a slow network. */
const TOLERANCE = 60

export type IdentityToken = {
  /** The token itself. Not enumerable, so that no dump of this object shows it. */
  raw: string
  /** What Fulcio's proof of possession signs. */
  subject: string
  issuer: string
  claims: Json
  issuedAt: Date
  expiresAt: Date
}

export type ExpectedIdentity = {
  /** The issuer of the server that the run belongs to; see `issuerOf`. */
  issuer: string
  /** Milliseconds since the epoch. */
  now?: () => number
}

/** The issuer of the tokens of a GitHub server (`$GITHUB_SERVER_URL`). */
export function issuerOf(serverUrl: string): string {
  const { hostname, origin } = new URL(serverUrl)
  if (hostname === 'github.com') return GITHUB
  if (hostname.endsWith('.ghe.com')) return `https://token.actions.${hostname}`
  return `${origin}/_services/token`
}

/**
 * Gets a token for Sigstore and checks that it is what was asked for. Its signature is for Fulcio to
 * check: a token that is not the runner's own is refused there.
 * Errors: those of getToken, TOKEN_INVALID, TOKEN_WRONG_AUDIENCE, TOKEN_WRONG_ISSUER, CLOCK_WRONG. None
 * holds the token.
 *
 * @param getToken asks the runner for a token of an audience and masks it
 */
export async function requestIdentity(
  getToken: (audience: string) => Promise<string>,
  expect: ExpectedIdentity
): Promise<IdentityToken> {
  const token = parseToken(await getToken(AUDIENCE))
  const { aud } = token.claims
  const audience: unknown = Array.isArray(aud) && aud.length === 1 ? aud[0] : aud
  if (audience !== AUDIENCE) {
    throw new KeylessError(
      'TOKEN_WRONG_AUDIENCE',
      `The runner's identity token is for the audience ${quote(audience)}, not "${AUDIENCE}" as asked for; it is not used.`
    )
  }
  // An enterprise may have its name appended (include_enterprise_slug); nobody else can.
  const slug = expect.issuer === GITHUB ? /^(\/[A-Za-z0-9-]+)?$/ : /^$/
  if (
    !token.issuer.startsWith(expect.issuer) ||
    !slug.test(token.issuer.slice(expect.issuer.length))
  ) {
    throw new KeylessError(
      'TOKEN_WRONG_ISSUER',
      `The runner's identity token is from ${quote(token.issuer)}, not from ${expect.issuer}; it is not used.`
    )
  }
  checkClock(token, (expect.now ?? Date.now)())
  return token
}

/** Takes a token apart without believing it. Error: TOKEN_INVALID. */
function parseToken(raw: string): IdentityToken {
  const claims = parseClaims(raw)
  const { iss, sub, iat, exp } = claims
  if (typeof iss !== 'string' || typeof sub !== 'string' || sub === '') throw invalid('iss and sub')
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp <= iat) throw invalid('iat and exp')
  const token = {
    subject: sub,
    issuer: iss,
    claims,
    issuedAt: new Date(iat * 1000),
    expiresAt: new Date(exp * 1000)
  }
  return Object.defineProperty(token, 'raw', { value: raw }) as IdentityToken
}

function parseClaims(raw: string): Json {
  const [, payload, ...rest] = raw.split('.')
  if (payload === undefined || rest.length !== 1) throw invalid('three parts')
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    if (isObject(claims)) return claims
  } catch {
    // said below: a parser's message repeats a piece of the token
  }
  throw invalid('claims in JSON')
}

function checkClock({ issuedAt, expiresAt }: IdentityToken, now: number): void {
  const ahead = Math.round((now - expiresAt.getTime()) / 1000)
  if (ahead >= 0) {
    throw clockWrong(`it expired ${ahead} seconds ago by this machine's clock, which is ahead`)
  }
  const behind = Math.round((issuedAt.getTime() - now) / 1000)
  if (behind > TOLERANCE) {
    throw clockWrong(
      `it was issued ${behind} seconds in the future of this machine's clock, which is behind`
    )
  }
}

function invalid(lacks: string): KeylessError {
  return new KeylessError(
    'TOKEN_INVALID',
    `What the runner gave as identity token is not one: it lacks ${lacks}.`
  )
}

function clockWrong(why: string): KeylessError {
  return new KeylessError(
    'CLOCK_WRONG',
    `The runner's identity token is fresh, yet ${why}; set the clock of the machine (NTP) and run again.`
  )
}

function quote(claim: unknown): string {
  return JSON.stringify(typeof claim === 'string' ? fromOutside(claim) : (claim ?? null)).slice(
    0,
    200
  )
}
