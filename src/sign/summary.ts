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
import { bundlePath } from '../storage/local.ts'
import { describeIdentity, type CertificateIdentity } from '../trust/identity.ts'
import type { VerifiedIdentity } from '../trust/verify.ts'
import type { Inputs } from './inputs.ts'
import type { Signed, Uploaded } from './publish.ts'
import type { Signing } from './run.ts'

/** What people read who were not there. */
export function summarize(
  { subjects, leftOut, artifact }: Signing,
  commands: string[],
  { files, images, verifyAction }: Pick<Inputs, 'files' | 'images'> & { verifyAction: string }
): (Markup | Rows)[] {
  const identities = new Set(subjects.map(({ verified }) => describe(verified.identity)))
  const uploaded = artifact && 'id' in artifact ? artifact : undefined
  return [
    heading(`Keyless Sign: ${tally(subjects.map(({ kind }) => kind))} signed`),
    table(['Subject', 'SHA-256', 'Signed', 'Log entry', 'Where'], subjects.flatMap(rowsOf)),
    ...(uploaded === undefined
      ? []
      : [paragraph('Bundles are in the artifact ', link(uploaded.name, uploaded.url), '.')]),
    ...[...identities].map(words => paragraph('Signed by ', code(words), '.')),
    ...(leftOut.length === 0
      ? []
      : [paragraph(`Left out, being bundles: `, code(leftOut.join(', ')))]),
    paragraph('Verify in a job that needs this one:'),
    fence([
      ...(uploaded === undefined ? [] : downloadStep(uploaded)),
      `- uses: ${verifyAction}`,
      '  with:',
      ...(images === undefined ? [] : block('images', namedImages(subjects))),
      ...(files === undefined ? [] : block('files', files))
    ]),
    folded('Or with cosign 3, in the folder of the checkout', fence(commands))
  ]
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
  if (subject.kind === 'file') return [row('message signature', verified, placeOf(subject))]
  const { platform, bundle, legacy } = subject.image
  const image = platform === undefined ? 'image' : `image, ${platform}`
  return [
    ...(bundle ? [row(image, bundle.verified, placeOf(subject))] : []),
    ...(legacy
      ? [row(`${image}, legacy`, legacy.verified, cellOf(published.registry?.legacy))]
      : [])
  ]
}

function placeOf({ name, published: { local, artifact, registry } }: Signed): Cell {
  return cellOf(local === undefined ? (registry?.bundle ?? artifact?.path) : bundlePath(name))
}

function cellOf(place: string | undefined): Cell {
  return place === undefined ? 'not published: see the annotations' : code(place)
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
