import { SIGN_PREDICATE } from '../trust/image.ts'
import { MODEL_PREDICATE } from '../trust/model.ts'
import type { SignedFile } from './files.ts'
import type { Instance } from './instance.ts'
import type { SignedModel } from './models.ts'
import type { Signed } from './publish.ts'

/**
 * A client trust config of a trusted root, in jq's words: sigstore-python takes an instance in no other form. Of how to
 * sign there, which nobody asks who verifies, it wants the type alone.
 */
const TRUST_CONFIG =
  '{mediaType: "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json", trustedRoot: ., signingConfig: {mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json"}}'

/**
 * The commands that verify a subject with other tools, each on one line, ready for a POSIX shell with
 * `$'…'` (bash, zsh, and POSIX.1-2024), in the folder of the checkout.
 *
 * @param annotations that were signed along with images
 */
export function verifyCommands(
  subject: Signed,
  annotations: Readonly<Record<string, string>>,
  instance: Pick<Instance, 'trustedRootPath' | 'isStaging'>
): string[] {
  const cosign = cosignCommand(subject, annotations, instance.trustedRootPath)
  if (subject.kind !== 'model') return [cosign]
  return [modelSigningCommand(subject, subject.model, instance), cosign]
}

/**
 * model_signing 1.0 and 1.1 know underscores alone, later ones both. What the signature leaves out it knows
 * from there; links it follows only where it is told.
 */
function modelSigningCommand(
  subject: Signed,
  model: SignedModel,
  { trustedRootPath, isStaging }: Pick<Instance, 'trustedRootPath' | 'isStaging'>
): string {
  const { identity } = subject.verified
  const verify = [
    ...['model_signing', 'verify', 'sigstore'],
    ...(isStaging ? ['--use_staging'] : []),
    ...(trustedRootPath === undefined ? [] : ['--trust_config', '/dev/stdin']),
    ...['--signature', bundleOf(subject, model)],
    ...['--identity', identity.subjectAlternativeName],
    ...['--identity_provider', identity.issuer],
    ...(model.allowSymlinks ? ['--allow_symlinks'] : []),
    inFolder(model.name)
  ]
  if (trustedRootPath === undefined) return line(verify)
  return `${line(['jq', TRUST_CONFIG, inFolder(trustedRootPath)])} | ${line(verify)}`
}

/** By cosign 3. */
function cosignCommand(
  subject: Signed,
  annotations: Readonly<Record<string, string>>,
  trustedRoot: string | undefined
): string {
  const { identity } = subject.verified
  const [command, options, operand] = cosignVerify(subject)
  const signed = command === 'verify' ? Object.entries(annotations) : []
  return line([
    'cosign',
    command,
    ...(trustedRoot === undefined ? [] : ['--trusted-root', trustedRoot]),
    ...options,
    ...['--certificate-identity', identity.subjectAlternativeName],
    ...['--certificate-oidc-issuer', identity.issuer],
    ...signed.flatMap(([key, value]) => ['-a', `${key}=${value}`]),
    ...(operand === undefined ? [] : [operand])
  ])
}

type Command = [command: string, options: string[], operand?: string]

function cosignVerify(subject: Signed): Command {
  switch (subject.kind) {
    case 'file': {
      const bundle = bundleOf(subject, subject.file)
      return ['verify-blob', ['--bundle', bundle], inFolder(subject.name)]
    }
    case 'model': {
      const bundle = bundleOf(subject, subject.model)
      // It knows nothing of the files: only that the digest over all of them was signed.
      return ['verify-blob-attestation', attested(bundle, MODEL_PREDICATE, subject.sha256)]
    }
    case 'image':
      return ofImage(subject)
  }
}

/** Path of a subject's bundle: beside it, or else among all bundles. */
function bundleOf({ published, bundle = '' }: Signed, own: SignedFile | SignedModel): string {
  return inFolder(published.local === undefined ? bundle : own.bundle.name)
}

function attested(bundle: string, type: string, sha256: string): string[] {
  return ['--bundle', bundle, '--type', type, '--digest', sha256, '--digestAlg', 'sha256']
}

function ofImage({ name, sha256, bundle, published }: Signed): Command {
  const { registry } = published
  if (registry?.bundle !== undefined) return ['verify', [], name]
  if (registry?.legacy !== undefined || bundle === undefined) {
    return ['verify', ['--new-bundle-format=false'], name]
  }
  return ['verify-blob-attestation', attested(bundle, SIGN_PREDICATE, sha256)]
}

/** cosign takes a name that begins with a dash for an option, after `--` too. */
function inFolder(path: string): string {
  return path.startsWith('-') ? `./${path}` : path
}

function line(words: string[]): string {
  return words.map(quote).join(' ')
}

function quote(word: string): string {
  if (/^[\w./:@%+=,-]+$/.test(word)) return word
  if (!/\p{Cc}/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`
  const escaped = word
    .replace(/[\\']/g, '\\$&')
    .replace(/\p{Cc}/gu, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
  return `$'${escaped}'`
}
