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
import type { ModelLines } from '../runner/subject-inputs.ts'
import { tally } from '../runner/text.ts'
import { describeIdentity, type CertificateIdentity } from '../trust/identity.ts'
import type { VerifiedIdentity } from '../trust/verify.ts'
import type { SignedFile } from './files.ts'
import type { Inputs } from './inputs.ts'
import type { SignedModel } from './models.ts'
import { wasSigned, type Signed, type Uploaded } from './publish.ts'
import type { Signing } from './run.ts'

/** What people read who were not there. */
export function summarize(
  { subjects, leftOut, artifact }: Signing,
  commands: string[],
  inputs: Pick<Inputs, 'files' | 'images' | 'models' | 'publish'> & { verifyAction: string }
): (Markup | Rows)[] {
  const { files, images, models, publish, verifyAction } = inputs
  const identities = new Set(subjects.map(({ verified }) => describe(verified.identity)))
  const uploaded = artifact && 'id' in artifact ? artifact : undefined
  return [
    heading(`Keyless Sign: ${tally(subjects.map(({ kind }) => kind))} signed`),
    table(['Subject', 'SHA-256', 'Signed', 'Log entry', 'Where'], subjects.flatMap(rowsOf)),
    ...(uploaded === undefined
      ? []
      : [paragraph('Bundles are in the artifact ', link(uploaded.name, uploaded.url), '.')]),
    ...unsignedOf(subjects),
    ...elsewhereOf(subjects),
    ...picklesOf(subjects),
    ...[...identities].map(words => paragraph('Signed by ', code(words), '.')),
    ...(leftOut.length === 0
      ? []
      : [paragraph(`Left out, being bundles: `, code(leftOut.join(', ')))]),
    paragraph('Verify in a job that needs this one:'),
    fence('yaml', [
      ...(uploaded === undefined ? [] : downloadStep(uploaded)),
      `- uses: ${verifyAction}`,
      '  with:',
      ...(images === undefined ? [] : block('images', namedImages(subjects))),
      ...(images !== undefined && uploaded && !publish.registry
        ? bundlesOf(subjects, uploaded)
        : []),
      ...(files === undefined ? [] : block('files', files)),
      ...(models === undefined ? [] : ofModels(models))
    ]),
    folded('Or with other tools, in the folder of the checkout', fence('sh', commands)),
    ...(models === undefined
      ? []
      : [
          paragraph(
            'Of a model, cosign reads no file: it verifies who signed, and what. This action and model_signing compare the files, too.'
          )
        ])
  ]
}

/** What had its signatures before this step. */
function unsignedOf(subjects: Signed[]): Markup[] {
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
  return place === undefined ? 'not published: see the annotations' : code(place)
}

/** What nobody read here. */
function elsewhereOf(subjects: Signed[]): Markup[] {
  const names = subjects.flatMap(subject =>
    subject.kind === 'model' && subject.model.elsewhere ? [subject.name] : []
  )
  if (names.length === 0) return []
  const words = ' is signed by digests that were given as checksums: its files were not read here.'
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

function ofModels({ lines, ignorePaths, allowSymlinks }: ModelLines): string[] {
  return [
    ...block('models', lines),
    ...(ignorePaths.length === 0 ? [] : block('ignore-paths', ignorePaths)),
    ...(allowSymlinks ? ["    allow-symlinks: 'true'"] : [])
  ]
}

/** What verifying an index vouches for, its platforms, needs no line of its own. */
function namedImages(subjects: Signed[]): string[] {
  return subjects
    .filter(subject => subject.kind === 'image' && subject.image.platform === undefined)
    .map(({ name }) => name)
}

function block(input: string, lines: string[]): string[] {
  return [`    ${input}: |`, ...lines.map(line => `      ${line}`)]
}

/** Where there are bundles of images that no registry has. */
function bundlesOf(subjects: Signed[], { root }: Uploaded): string[] {
  const paths = subjects.flatMap(({ published: { artifact } }) => artifact?.path ?? [])
  return block(
    'bundle',
    paths.map(path => (root === '.' ? path : `${root}/${path}`))
  )
}

/** Lands each bundle beside its file, where the files are in the folders that they were signed in. */
function downloadStep({ name, root }: Uploaded): string[] {
  return [
    '- uses: actions/download-artifact@v8',
    '  with:',
    `    name: ${name}`,
    ...(root === '.' ? [] : [`    path: ${root}`])
  ]
}

function describe(identity: CertificateIdentity): string {
  const { notBefore, notAfter } = identity
  return `${describeIdentity(identity)}; certificate valid from ${notBefore.toISOString()} to ${notAfter.toISOString()}`
}
