import { entryCell } from '../runner/log-entry.ts'
import {
  code,
  fence,
  folded,
  heading,
  link,
  paragraph,
  table,
  type Markup,
  type Rows
} from '../runner/summary.ts'
import { bundlePath } from '../storage/local.ts'
import { describeIdentity, type CertificateIdentity } from '../trust/identity.ts'
import type { Signed, Uploaded } from './publish.ts'
import type { Signing } from './run.ts'

/** What people read who were not there. */
export function summarize(
  { subjects, leftOut, artifact }: Signing,
  commands: string[],
  { files, verifyAction }: { files: string[]; verifyAction: string }
): (Markup | Rows)[] {
  const rows = subjects.map(subject => [
    code(subject.name),
    code(subject.sha256.slice(0, 12)),
    'message signature',
    subject.verified.logEntry ? entryCell(subject.verified.logEntry) : 'none',
    bundleCell(subject)
  ])
  const identities = new Set(subjects.map(({ verified }) => describe(verified.identity)))
  const uploaded = artifact && 'id' in artifact ? artifact : undefined
  return [
    heading(`Keyless Sign: ${subjects.length} file(s) signed`),
    table(['File', 'SHA-256', 'Signed', 'Log entry', 'Bundle'], rows),
    ...(uploaded === undefined
      ? []
      : [paragraph('All bundles are in the artifact ', link(uploaded.name, uploaded.url), '.')]),
    ...[...identities].map(words => paragraph('Signed by ', code(words), '.')),
    ...(leftOut.length === 0
      ? []
      : [paragraph(`Left out, being bundles: `, code(leftOut.join(', ')))]),
    paragraph('Verify in a job that needs this one:'),
    fence([
      ...(uploaded === undefined ? [] : downloadStep(uploaded)),
      `- uses: ${verifyAction}`,
      '  with:',
      '    files: |',
      ...files.map(line => `      ${line}`)
    ]),
    folded('Or with cosign 3, in the folder of the checkout', fence(commands))
  ]
}

function bundleCell({ name, published: { local, artifact } }: Signed): Markup | string {
  if (local !== undefined) return code(bundlePath(name))
  if (artifact !== undefined) return code(artifact.path)
  return 'not published: see the annotations'
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
