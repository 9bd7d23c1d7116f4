import type { CertificateIdentity } from '../trust/identity.ts'

/**
 * The command that verifies a file's bundle with cosign, on one line, ready for a POSIX shell with
 * `$'…'` (bash, zsh, and POSIX.1-2024).
 *
 * @param bundle path of the file's bundle
 * @param trustedRoot path of the trusted root of an instance that cosign does not know
 */
export function cosignCommand(
  file: string,
  bundle: string,
  identity: CertificateIdentity,
  trustedRoot?: string
): string {
  // cosign takes a name that begins with a dash for an option, after `--` too.
  const inFolder = (path: string): string => (path.startsWith('-') ? `./${path}` : path)
  return [
    'cosign verify-blob',
    ...(trustedRoot === undefined ? [] : ['--trusted-root', quote(trustedRoot)]),
    '--bundle',
    quote(inFolder(bundle)),
    '--certificate-identity',
    quote(identity.subjectAlternativeName),
    '--certificate-oidc-issuer',
    quote(identity.issuer),
    quote(inFolder(file))
  ].join(' ')
}

function quote(word: string): string {
  if (/^[\w./:@%+=,-]+$/.test(word)) return word
  if (!/\p{Cc}/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`
  const escaped = word
    .replace(/[\\']/g, '\\$&')
    .replace(/\p{Cc}/gu, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `$'${escaped}'`
}
