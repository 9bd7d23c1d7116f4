import { KeylessError } from '../errors.ts'
import {
  block,
  choice,
  choices,
  flag,
  lines,
  linesUnless,
  minutes,
  pairs,
  text
} from '../runner/inputs.ts'
import { readSubjects, type SubjectInputs } from '../runner/subject-inputs.ts'
import { checkArtifactName } from '../storage/artifact-name.ts'

export type Inputs = SubjectInputs & {
  /** The digests of the one model's files: lines of sha256sum, or what names files with such. */
  checksums?: string
  /** Sign what an image index lists, too. */
  recursive: boolean
  formats: ReadonlySet<Format>
  /** Signed along with images. */
  annotations: Record<string, string>
  instance: BuiltIn | Private
  publish: Publish
  /** Milliseconds to keep trying through an outage. */
  timeout: number
  showSummary: boolean
}

/** How an image's signature is kept in the registry: cosign 3's referrer, or the tag of cosign 2. */
export type Format = 'bundle' | 'legacy'

/** Where bundles go. */
export type Publish = {
  /** Beside each file, in each model. */
  local: boolean
  /** To each image. */
  registry: boolean
  artifact?: {
    name: string
    /** Those of images, too. */
    images: boolean
  }
}

/** An instance whose trust begins with a root in dist. */
export type BuiltIn = { name: 'auto' | 'public-good' | 'staging' }

/** An instance given by paths of its files. */
export type Private = { signingConfig: string; trustedRoot: string }

/** @throws KeylessError INPUT_INVALID, NO_SUBJECT */
export function readInputs(): Inputs {
  const subjects = readSubjects()
  const formats = readFormats(subjects)
  const checksums = readChecksums(subjects)
  return {
    ...subjects,
    ...(checksums !== undefined && { checksums }),
    recursive: flag('recursive'),
    formats,
    annotations: readAnnotations(subjects),
    instance: readInstance(),
    publish: readPublish(subjects, formats),
    timeout: minutes('timeout'),
    showSummary: flag('show-summary')
  }
}

function readChecksums({ models }: SubjectInputs): string | undefined {
  // Empty would mean what lies in the model's folder, which is not all of it.
  if (linesUnless('checksums', 'none') === undefined) return undefined
  if (models?.lines.length === 1) return block('checksums')
  throw new KeylessError(
    'INPUT_INVALID',
    `checksums are the digests of the files of one model, and ${models === undefined ? 'no models are' : 'more than one line of models is'} given; give models one line, the folder that the lines were made in.`
  )
}

function readAnnotations({ images }: SubjectInputs): Record<string, string> {
  const annotations = pairs('annotations', lines('annotations'))
  if (images !== undefined || Object.keys(annotations).length === 0) return annotations
  throw new KeylessError(
    'INPUT_INVALID',
    'annotations are signed along with images alone, and no images are given; leave annotations out.'
  )
}

function readFormats({ images }: SubjectInputs): Set<Format> {
  const format = choice('signature-format', ['bundle', 'legacy', 'both'])
  if (images === undefined && format !== 'bundle') {
    throw new KeylessError(
      'INPUT_INVALID',
      `signature-format is "${format}", which is about images, and no images are given; leave it out.`
    )
  }
  return new Set<Format>(format === 'both' ? ['bundle', 'legacy'] : [format])
}

function readPublish(
  { files, images, models }: SubjectInputs,
  formats: Inputs['formats']
): Publish {
  const places = choices('publish', ['default', 'registry', 'artifact', 'local'])
  const own = places.has('default')
  if (own && places.size > 1) {
    throw new KeylessError(
      'INPUT_INVALID',
      'publish has the line "default" and others; give the places, or "default" alone.'
    )
  }
  const artifact = places.has('artifact')
  const local = own || places.has('local')
  const registry = own || places.has('registry')
  if (files !== undefined && !local && !artifact) throw nowhere('files', 'artifact or local')
  if (models !== undefined && !local && !artifact) throw nowhere('models', 'artifact or local')
  if (images !== undefined && !registry && !artifact)
    throw nowhere('images', 'registry or artifact')
  if (files === undefined && models === undefined && places.has('local')) {
    throw nothing('local', 'files and models')
  }
  if (images === undefined && places.has('registry')) throw nothing('registry', 'images')
  if (images !== undefined && formats.has('legacy') && !registry) {
    throw new KeylessError(
      'INPUT_INVALID',
      'signature-format asks for legacy signatures, which are kept in a registry alone, and publish does not name it; add registry.'
    )
  }
  if (!artifact && (!own || (files === undefined && models === undefined)))
    return { local, registry }
  const name = text('artifact-name') ?? ''
  checkArtifactName(name)
  return { local, registry, artifact: { name, images: artifact } }
}

function nothing(place: string, input: string): KeylessError {
  return new KeylessError(
    'INPUT_INVALID',
    `publish names ${place}, where only the bundles of ${input} go, and none are given; leave that line out.`
  )
}

function nowhere(input: string, places: string): KeylessError {
  return new KeylessError(
    'INPUT_INVALID',
    `publish names no place for the bundles of ${input}; add ${places}.`
  )
}

function readInstance(): BuiltIn | Private {
  const name = choice('sigstore', ['auto', 'public-good', 'staging'])
  const signingConfig = text('signing-config')
  const trustedRoot = text('trusted-root')
  if (signingConfig === undefined && trustedRoot === undefined) return { name }
  if (signingConfig === undefined || trustedRoot === undefined) {
    throw new KeylessError(
      'INPUT_INVALID',
      'signing-config and trusted-root belong together, and only one of them is given; give both files of the private instance.'
    )
  }
  if (name !== 'auto') {
    throw new KeylessError(
      'INPUT_INVALID',
      `sigstore is "${name}", and signing-config and trusted-root name another instance; leave out one or the other.`
    )
  }
  return { signingConfig, trustedRoot }
}
