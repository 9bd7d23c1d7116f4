/**
 * Words that came from outside, for a message: in quotes, cut, and without what a terminal or the
 * runner would obey or hide.
 */
export function quote(value: string, length = 200): string {
  return JSON.stringify(printable(value.slice(0, length)))
}

export function printable(value: string): string {
  return value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?')
}
