import { KeylessError } from '../errors.ts'
import type { ImageLines } from '../subjects/image.ts'
import { linesUnless, text } from './inputs.ts'

/** What a step is about, as both doors ask for it. */
export type SubjectInputs = {
  files?: string[]
  images?: ImageLines
}

/** @throws KeylessError INPUT_INVALID, NO_SUBJECT */
export function readSubjects(): SubjectInputs {
  const files = linesUnless('files', 'none')
  const images = linesUnless('images', 'none')
  const digest = text('digest')
  if (files === undefined && images === undefined) {
    throw new KeylessError(
      'NO_SUBJECT',
      'Neither files nor images is given, so there is nothing to do; give one of them at least.'
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
    ...(images && { images: { lines: images, ...(digest !== undefined && { digest }) } })
  }
}
