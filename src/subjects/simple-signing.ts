/** Where a payload of simple signing says which image it signs. */
const PATH = ['critical', 'image', 'docker-manifest-digest']

/**
 * Whether a text is what cosign's older form of image signatures is made over, for any of its readers. The
 * usual one is Go's: it takes names in any case and with escapes, and of an object that is there twice
 * the fields of both; cosign does not look at the type. So this looks for the name of the digest
 * alone, in the first JSON object, whatever else is in there and whatever comes behind it.
 */
export function isSimpleSigning(text: string): boolean {
  // containers that are open, how many of them the path leads through, and whether it leads to what comes next
  let [depth, within, next] = [0, 0, true]
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '{' || char === '[') {
      if (next && char === '{') within += 1
      depth += 1
      next = false
    } else if (char === '}' || char === ']') {
      depth -= 1
      if (depth <= 0) return false
      within = Math.min(within, depth)
    } else if (char === '"') {
      const end = endOfString(text, i)
      if (depth === within && isName(text, i, end, PATH[depth - 1])) {
        if (depth === PATH.length) return true
        next = true
      } else {
        next = false
      }
      i = end - 1
    }
  }
  return false
}

/** The index after the closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '"') return i + 1
  }
  return text.length
}

/** Whether a string is the name of a member, and this one. */
function isName(text: string, start: number, end: number, name: string | undefined): boolean {
  const colon = /[ \t\r\n]*:/y
  colon.lastIndex = end
  return colon.test(text) && fold(text.slice(start, end)) === name
}

/** As Go compares names: also the long s and the sign for kelvin are letters in another case. */
function fold(literal: string): string | undefined {
  try {
    return String(JSON.parse(literal)).toUpperCase().toLowerCase()
  } catch {
    return undefined // nor is it JSON then
  }
}
