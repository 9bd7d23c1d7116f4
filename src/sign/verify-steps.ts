import type { ModelLines } from '../runner/subject-inputs.ts'
import type { Inputs } from './inputs.ts'
import type { Signed, Uploaded } from './publish.ts'

export type VerifyInputs = Pick<Inputs, 'files' | 'images' | 'models' | 'instance' | 'publish'> & {
  /** What the summary tells others to use. */
  verifyAction: string
}

/** The lines of YAML that verify what was signed, in a later job of the workflow. */
export function verifySteps(
  subjects: Signed[],
  uploaded: Uploaded | undefined,
  { files, images, models, instance, publish, verifyAction }: VerifyInputs
): string[] {
  const missing = [
    ...(files === undefined ? [] : ['the files']),
    ...(models === undefined ? [] : ['the model(s)']),
    ...('name' in instance ? [] : ['the trusted root'])
  ]
  return [
    ...(missing.length === 0
      ? []
      : [
          `# Bring ${missing.join(', ')} here first, each to its place: by actions/checkout (lfs: true, if Git LFS has any of it) or actions/download-artifact.`
        ]),
    ...(uploaded === undefined ? [] : downloadStep(uploaded)),
    `- uses: ${verifyAction}`,
    '  with:',
    ...(images === undefined ? [] : block('images', namedImages(subjects))),
    ...(images !== undefined && uploaded && !publish.registry ? bundlesOf(subjects, uploaded) : []),
    ...(files === undefined ? [] : block('files', files)),
    ...(models === undefined ? [] : ofModels(models)),
    ...ofInstance(instance)
  ]
}

function ofInstance(instance: Inputs['instance']): string[] {
  if (!('name' in instance)) return block('trusted-root', [instance.trustedRoot])
  return instance.name === 'auto' ? [] : [`    sigstore: ${instance.name}`]
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
