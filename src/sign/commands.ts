import { bundlePath } from '../storage/local.ts'
import { SIGN_PREDICATE } from '../trust/image.ts'
import type { Signed } from './publish.ts'

/**
 * The command that verifies a subject with cosign 3, on one line, ready for a POSIX shell with
 * `$'…'` (bash, zsh, and POSIX.1-2024), in the folder of the checkout.
 *
 * @param annotations that were signed along with images
 * @param trustedRoot path of the trusted root of an instance that cosign does not know
 */
export function cosignCommand(
  subject: Signed,
  annotations: Readonly<Record<string, string>>,
  trustedRoot?: string
): string {
  const { identity } = subject.verified
  const [command, options, operand] = subject.kind === 'file' ? ofFile(subject) : ofImage(subject)
  const signed = command === 'verify' ? Object.entries(annotations) : []
  return [
    'cosign',
    command,
    ...(trustedRoot === undefined ? [] : ['--trusted-root', trustedRoot]),
    ...options,
    ...['--certificate-identity', identity.subjectAlternativeName],
    ...['--certificate-oidc-issuer', identity.issuer],
    ...signed.flatMap(([key, value]) => ['-a', `${key}=${value}`]),
    operand
  ]
    .map(quote)
    .join(' ')
}

type Command = [command: string, options: string[], operand: string]

function ofFile({ name, bundle = '', published }: Signed): Command {
  const path = published.local === undefined ? bundle : bundlePath(name)
  return ['verify-blob', ['--bundle', inFolder(path)], inFolder(name)]
}

function ofImage({ name, sha256, bundle, published }: Signed): Command {
  const { registry } = published
  if (registry?.bundle !== undefined) return ['verify', [], name]
  if (registry?.legacy !== undefined || bundle === undefined) {
    return ['verify', ['--new-bundle-format=false'], name]
  }
  const ofDigest = ['--type', SIGN_PREDICATE, '--digest', sha256, '--digestAlg', 'sha256']
  return ['verify-blob-attestation', ['--bundle', bundle, ...ofDigest], name]
}

/** cosign takes a name that begins with a dash for an option, after `--` too. */
function inFolder(path: string): string {
  return path.startsWith('-') ? `./${path}` : path
}

function quote(word: string): string {
  if (/^[\w./:@%+=,-]+$/.test(word)) return word
  if (!/\p{Cc}/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`
  const escaped = word
    .replace(/[\\']/g, '\\$&')
    .replace(/\p{Cc}/gu, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `$'${escaped}'`
}
