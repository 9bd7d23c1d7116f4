/**
 * One line that is safe to print, of text that may come from outside: a file's name, a
 * certificate's identity, a server's answer.
 *
 * Breaks and control characters become a space. Invisible characters go: bidi controls show
 * another text than is there, and the runner looks for its commands with comparisons by culture,
 * which ignore them (`ActionCommand.cs`: `StartsWith("::")`). A JWT becomes `***` here, before any
 * cut: what is left of a masked secret after a cut is not masked.
 */
export function sanitize(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
    .replace(/eyJ[\w-]+(\.eyJ[\w-]+(?:\.[\w-]*)?)?/g, takeOutJwt)
}

// What begins like one is passed over whole: to look at each `eyJ` within it would take quadratic time.
function takeOutJwt(found: string, rest: string | undefined): string {
  return rest === undefined ? found : '***'
}

/** At most `limit` UTF-16 code units of a text, the last being … where it is longer. */
export function cut(text: string, limit: number): string {
  return text.length <= limit ? text : text.slice(0, limit - 1).toWellFormed() + '…'
}

/** How many there are of each: `2 image(s), 1 file(s)`. */
export function tally(kinds: readonly string[]): string {
  return [...Map.groupBy(kinds, kind => kind)]
    .map(([kind, each]) => `${each.length} ${kind}(s)`)
    .join(', ')
}
