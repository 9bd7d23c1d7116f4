import { KeylessError } from '../errors.ts'
import { bytes, text, type Shape } from './shape.ts'

/**
 * A signed note (c2sp.org/signed-note): a text, one empty line, and lines of signatures, which may be by
 * anybody, and nothing else. @sigstore/verify looks for what it knows and passes over what stands around
 * it, so that anyone could write there what another reader takes for the log's words.
 */
export const note: Shape = (value, at) => {
  text(value, at)
  const [, ...parts] = String(value).split('\n\n')
  const lines = parts.join('\n\n').split('\n')
  const end = lines.pop()
  if (end !== '' || lines.length === 0 || new Set(lines).size < lines.length) throw invalid(at)
  for (const line of lines) {
    const signature = /^\u2014 [^\s+]+ (\S+)$/.exec(line)?.[1]
    if (signature === undefined) throw invalid(at)
    bytes(signature, `A signature in ${at}`)
  }
}

function invalid(at: string): KeylessError {
  return new KeylessError(
    'LOG_PROOF_INVALID',
    `${at} is not a signed note: a text, an empty line, and a line for each signature.`
  )
}
