import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Job } from './job.ts'
import { BECAUSE_OF } from './matrix.ts'

/** A kind of model. */
export type Shape = {
  /** How the page names it. */
  model: string
  /** Content by name; of a single file, by the empty name. The first is the one to change and to remove. */
  files: Record<string, string>
  /** Names of links, and of files that these lead to. */
  links?: Record<string, string>
  /** Names of what the signature leaves out by an order of the signer's. */
  ignored?: string[]
}

export const FOLDER: Shape = {
  model: 'a folder',
  files: {
    'weights.safetensors': 'weights',
    'config.json': '{}',
    "it's a näme.txt": 'text',
    empty: '',
    // Left out by everybody.
    '.gitattributes': '*.safetensors filter=lfs'
  }
}

/** Programs differ in the order of these names, and so in the digest over all. */
export const NESTED: Shape = {
  model: 'nested folders',
  files: {
    'tokenizer/vocab.txt': 'hello',
    'tokenizer.json': '{}',
    'a/b/c/weights.bin': 'weights',
    '.cache/x': 'signed',
    'sub/.git/y': 'signed'
  }
}
export const SINGLE: Shape = { model: 'a single file', files: { '': 'weights' } }
const IGNORED: Shape = {
  model: 'ignored paths',
  files: { 'weights.bin': 'weights', 'logs/one.txt': 'one', 'logs/sub/two.txt': 'two', notes: 'x' },
  ignored: ['logs', 'notes']
}
const LINKED: Shape = {
  model: 'symbolic links',
  files: { 'blobs/one': 'one', 'blobs/two': 'two' },
  links: { 'weights.bin': 'blobs/one', 'sub/config.json': '../blobs/two' }
}
export const SHAPES = [FOLDER, NESTED, SINGLE, IGNORED, LINKED]

export const isSingle = ({ files }: Shape): boolean => '' in files

/** Where our action looks for the signature. */
export const signatureOf = (shape: Shape, path: string): string =>
  isSingle(shape) ? `${path}.sig` : join(path, 'model.sig')

/** Makes a model of the workspace. */
export async function makeModel(job: Job, shape: Shape, path: string): Promise<void> {
  for (const [name, content] of Object.entries(shape.files)) {
    const file = join(job.workspace, path, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  for (const [name, to] of Object.entries(shape.links ?? {})) {
    const link = join(job.workspace, path, name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(to, link)
  }
}

/** Something to be done to a model, after which it is another, and what is said of the difference. */
export type Tampering = {
  because: string
  /** What we say, and which of its words model_signing has. */
  ours: string
  theirs: 'changed' | 'added' | 'removed'
  tamper: (model: string) => Promise<void>
}

/** Everything that makes another model of one. */
export function tamperings(shape: Shape): Tampering[] {
  const [first = ''] = Object.keys(shape.files)
  const [link] = Object.keys(shape.links ?? {})
  const changes: Tampering[] = [
    {
      ...{ because: BECAUSE_OF.changed, ours: 'changed (', theirs: 'changed' },
      tamper: async model => {
        const content = await readFile(join(model, first))
        content.writeUInt8(content.readUInt8(0) ^ 1)
        await writeFile(join(model, first), content)
      }
    }
  ]
  if (isSingle(shape)) return changes
  changes.push(
    {
      ...{ because: BECAUSE_OF.added, ours: '1 neither signed nor ignored (', theirs: 'added' },
      tamper: async model => {
        await writeFile(join(model, dirname(first), 'added'), '')
      }
    },
    {
      ...{ because: BECAUSE_OF.removed, ours: '1 missing (', theirs: 'removed' },
      tamper: async model => {
        await rm(join(model, shape.links ? (link ?? '') : first))
      }
    }
  )
  if (shape === NESTED) {
    changes.push({
      ...{ because: BECAUSE_OF.exchanged, ours: '2 changed (', theirs: 'changed' },
      tamper: async model => {
        await rename(join(model, 'tokenizer.json'), join(model, 'other'))
        await rename(join(model, first), join(model, 'tokenizer.json'))
        await rename(join(model, 'other'), join(model, first))
      }
    })
  }
  if (link !== undefined) {
    changes.push({
      ...{ because: BECAUSE_OF.relinked, ours: '1 changed (', theirs: 'changed' },
      tamper: async model => {
        await rm(join(model, link))
        await symlink('blobs/two', join(model, link))
      }
    })
  }
  return changes
}

let copies = 0

/** A copy of a model with its signature, to which something was done. */
export async function tampered(
  job: Job,
  shape: Shape,
  path: string,
  tamper: Tampering['tamper']
): Promise<string> {
  copies += 1
  const copy = `${path}-${copies}`
  const at = (name: string): string => join(job.workspace, name)
  // A link is copied with the place that it leads to made absolute, unless it is told not to be.
  const options = { recursive: true, verbatimSymlinks: true }
  await cp(at(path), at(copy), options)
  if (isSingle(shape)) await cp(at(signatureOf(shape, path)), at(signatureOf(shape, copy)))
  await tamper(at(copy))
  return copy
}
