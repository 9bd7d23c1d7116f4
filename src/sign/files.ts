import { relative } from 'node:path'
import type { Log } from '../http.ts'
import { expand } from '../runner/glob.ts'
import { serializeBundle } from '../sigstore/bundle.ts'
import type { Session } from '../sigstore/session.ts'
import { checkArtifactPath } from '../storage/artifact-name.ts'
import { bundlePath, checkWritable } from '../storage/local.ts'
import { hashForSigning } from '../subjects/digest.ts'
import { checkUnchanged, type Hashed } from '../subjects/digests/hash.ts'
import { commonFolder, findFiles, type FileSubject } from '../subjects/file.ts'
import { parseBundle } from '../trust/bundle.ts'
import type { Digester } from '../trust/digester.ts'
import { verifyBundle } from '../trust/verify.ts'
import type { Publish } from './inputs.ts'
import { signAll, type Draft, type Signature, type Trust } from './signature.ts'

/** Files as they were when they were hashed, and the bundles among the matches. */
export type HashedFiles = {
  files: (FileSubject & { hashed: Hashed })[]
  leftOut: string[]
}

/** A file and its bundle. */
export type SignedFile = FileSubject & { sha256: string; signature: Signature<string> }

/** Find and hash the files that the lines name, whose bundles can go where they are to go. */
export async function hashFiles(
  lines: string[],
  workspace: string,
  places: Publish,
  log: Log
): Promise<HashedFiles> {
  const { subjects, bundles } = await findFiles(lines, workspace, expand)
  await checkPlaces(subjects, places)
  log.info(`Hashing ${subjects.length} file(s).`)
  const files = await hashForSigning(subjects, { log })
  return { files, leftOut: bundles.map(({ name }) => name) }
}

/** One signature for each distinct content: the bundle of one copy is that of the other. */
export async function signFiles(
  { files }: HashedFiles,
  session: Session,
  trust: Trust
): Promise<SignedFile[]> {
  const contents = [...Map.groupBy(files, ({ hashed }) => hashed.digest)]
  const drafts = contents.map(([sha256]) => draft(sha256))
  const signatures = await signAll(drafts, session, trust)
  // Asking the services may have taken long.
  for (const { real, hashed } of files) checkUnchanged(real, hashed)
  return signatures.flatMap((signature, i) => {
    const [sha256, copies] = contents[i] ?? ['', []]
    return copies.map(file => ({ ...file, sha256, signature }))
  })
}

function draft(sha256: string): Draft<string> {
  return {
    make: async session => serializeBundle(await session.signDigest(Buffer.from(sha256, 'hex'))),
    verify: (text, trust) =>
      verifyBundle(parseBundle(text, 'the new bundle'), {
        ...trust,
        digest: known(sha256),
        expect: { kind: 'message-signature' }
      })
  }
}

/** Refuse files whose bundles could not go where they are to go, before anything was signed. */
async function checkPlaces(subjects: FileSubject[], { local, artifact }: Publish): Promise<void> {
  if (local) for (const { path } of subjects) await checkWritable(bundlePath(path))
  if (artifact === undefined) return
  const above = commonFolder(subjects.map(({ path }) => path))
  for (const { name, path } of subjects) checkArtifactPath(name, relative(above, path))
}

/** The digest of bytes that were hashed before. */
function known(sha256: string): Digester {
  return algorithm =>
    algorithm === 'sha256'
      ? Promise.resolve(sha256)
      : Promise.reject(new Error(`A file is signed by its sha256, not by its ${algorithm}.`))
}
