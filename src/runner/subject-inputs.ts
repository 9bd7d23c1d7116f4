import { KeylessError } from '../errors.ts'
import type { ImageLines } from '../subjects/image.ts'
import { flag, lines, linesUnless, text } from './inputs.ts'

/** What a step is about, as both doors ask for it. */
export type SubjectInputs = {
  files?: string[]
  images?: ImageLines
  models?: ModelLines
}

/** What the inputs `models`, `ignore-paths` and `allow-symlinks` hold. */
export type ModelLines = { lines: string[]; ignorePaths: string[]; allowSymlinks: boolean }

/** @throws KeylessError INPUT_INVALID, NO_SUBJECT */
export function readSubjects(): SubjectInputs {
  const files = linesUnless('files', 'none')
  const images = linesUnless('images', 'none')
  const digest = text('digest')
  const models = readModels()
  if (files === undefined && images === undefined && models === undefined) {
    throw new KeylessError(
      'NO_SUBJECT',
      'None of files, images and models is given, so there is nothing to do; give one of them at least.'
    )
  }
  if (images === undefined && digest !== undefined) {
    throw new KeylessError(
      'INPUT_INVALID',
      'digest is given and images is not; give the images that have this digest, or leave digest out.'
    )
  }
  return {
    ...(files && { files }),
    ...(images && { images: { lines: images, ...(digest !== undefined && { digest }) } }),
    ...(models && { models })
  }
}

function readModels(): ModelLines | undefined {
  const models = linesUnless('models', 'none')
  const ignorePaths = lines('ignore-paths')
  const allowSymlinks = flag('allow-symlinks')
  if (models !== undefined) return { lines: models, ignorePaths, allowSymlinks }
  if (ignorePaths.length === 0 && !allowSymlinks) return undefined
  throw new KeylessError(
    'INPUT_INVALID',
    `${allowSymlinks ? 'allow-symlinks' : 'ignore-paths'} is about models, and no models are given; leave it out.`
  )
}
