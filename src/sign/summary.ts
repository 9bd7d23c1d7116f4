import { KeylessError } from '../errors.ts'
import { entryCell } from '../runner/log-entry.ts'
import {
  code,
  fence,
  folded,
  heading,
  link,
  paragraph,
  table,
  type Cell,
  type Markup,
  type Rows
} from '../runner/summary.ts'
import { tally } from '../runner/text.ts'
import { describeIdentity, type CertificateIdentity } from '../trust/identity.ts'
import type { VerifiedIdentity } from '../trust/verify.ts'
import type { SignedFile } from './files.ts'
import type { SignedModel } from './models.ts'
import { wasSigned, type Signed, type Uploaded } from './publish.ts'
import type { Signing } from './run.ts'
import { verifySteps, type VerifyInputs } from './verify-steps.ts'

/** What people read who were not there. */
export function summarize(
  { subjects, leftOut, artifact }: Signing,
  commands: string[],
  inputs: VerifyInputs
): (Markup | Rows)[] {
  const failed = subjects.filter(({ errors }) => errors.length > 0)
  const identities = new Set(subjects.map(({ verified }) => describe(verified.identity)))
  const uploaded = artifact && 'id' in artifact ? artifact : undefined
  return [
    heading(
      failed.length === 0
        ? `Keyless Sign: ${tally(subjects.map(({ kind }) => kind))} signed`
        : `Keyless Sign: ${tally(failed.map(({ kind }) => kind))} of ${subjects.length} subject(s) not published everywhere`
    ),
    ...(failed.length === 0 ? [] : [unpublished(failed, artifact)]),
    table(['Subject', 'SHA-256', 'Signed', 'Log entry', 'Where'], subjects.flatMap(rowsOf)),
    ...(uploaded === undefined
      ? []
      : [paragraph('Bundles are in the artifact ', link(uploaded.name, uploaded.url), '.')]),
    ...signedBeforeOf(subjects),
    ...elsewhereOf(subjects),
    ...picklesOf(subjects),
    ...[...identities].map(words => paragraph('Signed by ', code(words), '.')),
    ...(leftOut.length === 0
      ? []
      : [paragraph(`Left out, being bundles: `, code(leftOut.join(', ')))]),
    // Nothing to paste where a bundle is missing; and no job that needs this one runs after it failed.
    ...(failed.length > 0 ? [] : howToVerify(subjects, uploaded, commands, inputs))
  ]
}

/** What is not where it was to go, and why. */
function unpublished(failed: Signed[], artifact: Signing['artifact']): Rows {
  const words = ({ message, code }: KeylessError): string => `${message} [${code}]`
  return table(
    ['Not published', 'Why'],
    [
      // One row for all, and not one for each.
      ...(artifact instanceof KeylessError ? [['the artifact', words(artifact)]] : []),
      ...failed.flatMap(({ name, errors }) =>
        errors.filter(error => error !== artifact).map(error => [code(name), words(error)])
      )
    ]
  )
}

function howToVerify(
  subjects: Signed[],
  uploaded: Uploaded | undefined,
  commands: string[],
  inputs: VerifyInputs
): (Markup | Rows)[] {
  return [
    paragraph('Verify in a job that needs this one:'),
    fence('yaml', verifySteps(subjects, uploaded, inputs)),
    folded('Or with other tools, in the folder of the checkout', fence('sh', commands)),
    ...(inputs.models === undefined
      ? []
      : [
          paragraph(
            'Of a model, cosign reads no file: it verifies who signed, and what. This action and model_signing compare the files, too.'
          )
        ])
  ]
}

/** What had its signatures before this step. */
function signedBeforeOf(subjects: Signed[]): Markup[] {
  const names = subjects.filter(wasSigned).map(({ name }) => name)
  return names.length === 0 ? [] : [paragraph('Was signed before: ', code(names.join(', ')), '.')]
}

/** A row for each signature. */
function rowsOf(subject: Signed): Cell[][] {
  const { name, sha256, verified, published } = subject
  const row = (what: string, { logEntry }: VerifiedIdentity, where: Cell): Cell[] => [
    code(name),
    code(sha256.slice(0, 12)),
    what,
    logEntry ? entryCell(logEntry) : 'none',
    where
  ]
  if (subject.kind === 'file') {
    return [row('message signature', verified, placeOf(subject, subject.file))]
  }
  if (subject.kind === 'model') {
    const { model } = subject
    return [row(`model of ${model.files} file(s)`, verified, placeOf(subject, model))]
  }
  const { platform, bundle, legacy } = subject.image
  const image = platform === undefined ? 'image' : `image, ${platform}`
  return [
    ...(bundle ? [row(image, bundle.verified, placeOf(subject))] : []),
    ...(legacy
      ? [row(`${image}, legacy`, legacy.verified, cellOf(published.registry?.legacy))]
      : [])
  ]
}

function placeOf({ published }: Signed, own?: SignedFile | SignedModel): Cell {
  const { local, artifact, registry } = published
  return cellOf(local === undefined ? (registry?.bundle ?? artifact?.path) : own?.bundle.name)
}

function cellOf(place: string | undefined): Cell {
  return place === undefined ? 'not published' : code(place)
}

/** What nobody read here. */
function elsewhereOf(subjects: Signed[]): Markup[] {
  const names = subjects.flatMap(subject =>
    subject.kind === 'model' && subject.model.elsewhere ? [subject.name] : []
  )
  if (names.length === 0) return []
  const words =
    ' is signed by digests that were given as checksums: its files were not read here, and nobody looked for pickles.'
  return [paragraph(code(names.join(', ')), words)]
}

function picklesOf(subjects: Signed[]): (Markup | Rows)[] {
  const rows = subjects.flatMap(subject =>
    subject.kind === 'model'
      ? subject.model.pickles.map(({ name, why, instead }) => [
          code(subject.name),
          code(name),
          why,
          instead
        ])
      : []
  )
  if (rows.length === 0) return []
  return [
    paragraph('To load these files is to run code of whoever made them (Python pickles):'),
    table(['Model', 'File', 'Is', 'Use instead'], rows)
  ]
}

function describe(identity: CertificateIdentity): string {
  const { notBefore, notAfter } = identity
  return `${describeIdentity(identity)}; certificate valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}`
}
