/** One challenge of a WWW-Authenticate header. Names are in small letters; a `token68` is left out. */
export type Challenge = { scheme: string; parameters: ReadonlyMap<string, string> }

const LONGEST = 8192
const TOKEN = /[!#$%&'*+.^_`|~\w-]+/y
const SPACE = /[ \t]*/y
const SPACES = / +/y
const COMMA = /,/y
const EQUALS = /[ \t]*=[ \t]*/y
const QUOTED = /"((?:[\t !\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*)"/y
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y

/**
 * Parses the value of WWW-Authenticate (RFC 9110 §11.3, §11.6.1): a list of challenges, each with a list of
 * parameters of its own, both separated by commas. Several such headers have been joined by commas already.
 *
 * @returns undefined for what the grammar does not have, or has twice in one challenge, so that no two
 * readers could disagree about where credentials go
 */
export function parseChallenges(header: string): Challenge[] | undefined {
  if (header.length > LONGEST) return undefined
  let at = 0
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const match = pattern.exec(header)
    if (match === null) return undefined
    at = pattern.lastIndex
    return match[1] ?? match[0]
  }

  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  // what may come next: a challenge after a comma only, a parameter after a comma or its scheme
  let challenge = true
  let parameter = false
  for (;;) {
    take(SPACE)
    while (take(COMMA) !== undefined) {
      challenge = parameter = true
      take(SPACE)
    }
    if (at === header.length) return challenges

    const name = take(TOKEN)?.toLowerCase()
    if (name === undefined) return undefined
    const afterName = at
    if (take(EQUALS) !== undefined) {
      const parameters = challenges.at(-1)?.parameters
      const value = take(QUOTED)?.replace(/\\(.)/g, '$1') ?? take(TOKEN)
      if (!parameter || value === undefined || !parameters || parameters.has(name)) return undefined
      parameters.set(name, value)
      challenge = parameter = false
    } else {
      at = afterName
      if (!challenge) return undefined
      challenges.push({ scheme: name, parameters: new Map() })
      challenge = false
      parameter = take(SPACES) !== undefined && take(TOKEN68) === undefined
    }
  }
}
