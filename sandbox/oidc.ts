import { type Claims, ISSUER } from './claims.ts'
import type { Faults } from './faults.ts'
import { Refusal, json } from './server.ts'
import { type TokenFlaw, TokenIssuer } from './token.ts'
import type { Handler } from './transport.ts'

function flawOf(faults: Faults): TokenFlaw | undefined {
  const fault = faults.take('oidc', 'expired-token', 'wrong-issuer', 'clock')
  if (fault?.kind === 'clock') return { kind: 'clock', seconds: fault.seconds ?? 0 }
  if (fault?.kind === 'expired-token' || fault?.kind === 'wrong-issuer') return { kind: fault.kind }
  return undefined
}

/** The runner's token endpoint, with the discovery document and keys of the issuer beside it. */
export function oidcHandler(o: {
  issuer: TokenIssuer
  requestToken: string
  claims: () => Claims
  faults: Faults
  /** Told of every token that leaves. */
  issued: (token: string) => void
}): Handler {
  return ({ path, query, headers }) => {
    if (path === '/.well-known/openid-configuration') {
      // Real issuers have their own address here; Fulcio's word for this one is GitHub's.
      return json(200, {
        issuer: ISSUER,
        jwks_uri: `http://${headers.host ?? ''}/.well-known/jwks`,
        subject_types_supported: ['public'],
        response_types_supported: ['id_token'],
        id_token_signing_alg_values_supported: ['RS256']
      })
    }
    if (path === '/.well-known/jwks') return json(200, o.issuer.keys())
    if (path !== '/token') throw new Refusal(404, 'not found')
    if (headers.authorization !== `Bearer ${o.requestToken}`) {
      throw new Refusal(401, 'the request token is not the one of this job')
    }
    const wrongAudience = o.faults.take('oidc', 'wrong-audience') !== undefined
    const audience = wrongAudience
      ? 'https://github.com/octo-org'
      : (query.get('audience') ?? 'https://github.com/octo-org')
    const token = o.issuer.issue(o.claims(), audience, flawOf(o.faults))
    o.issued(token)
    return json(200, { count: token.length, value: token })
  }
}
