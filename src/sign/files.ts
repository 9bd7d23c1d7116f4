import type { Log } from '../http.ts'
import { expand } from '../runner/glob.ts'
import { serializeBundle } from '../sigstore/bundle.ts'
import type { Session } from '../sigstore/session.ts'
import { bundlePath } from '../storage/local.ts'
import { hashForSigning } from '../subjects/digest.ts'
import { checkUnchanged, type Hashed } from '../subjects/digests/hash.ts'
import { findFiles, type FileSubject } from '../subjects/file.ts'
import { parseBundle } from '../trust/bundle.ts'
import type { Digester } from '../trust/digester.ts'
import { verifyBundle } from '../trust/verify.ts'
import type { Placed } from './places.ts'
import { signAll, type Draft, type Signature, type Trust } from './signature.ts'

export type FoundFile = FileSubject & Placed & { kind: 'file' }

/** A file as it was when it was hashed. */
export type HashedFile = FoundFile & { hashed: Hashed }

/** A file and its bundle. */
export type SignedFile = FoundFile & { sha256: string; signature: Signature<string> }

/** Find the files that the lines name; the bundles among the matches are left out. */
export async function findFilesToSign(
  lines: string[],
  workspace: string
): Promise<{ files: FoundFile[]; leftOut: string[] }> {
  const { subjects, bundles } = await findFiles(lines, workspace, expand)
  const files = subjects.map(subject => {
    const bundle = { path: bundlePath(subject.path), name: bundlePath(subject.name) }
    return { ...subject, kind: 'file' as const, bundle }
  })
  return { files, leftOut: bundles.map(({ name }) => name) }
}

/** Hash files that are about to be signed. */
export async function hashFiles(files: FoundFile[], log: Log): Promise<HashedFile[]> {
  if (files.length > 0) log.info(`Hashing ${files.length} file(s).`)
  return await hashForSigning(files, { log })
}

/** One signature for each distinct content: the bundle of one copy is that of the other. */
export async function signFiles(
  files: HashedFile[],
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

/** The digest of bytes that were hashed before. */
function known(sha256: string): Digester {
  return algorithm =>
    algorithm === 'sha256'
      ? Promise.resolve(sha256)
      : Promise.reject(new Error(`A file is signed by its sha256, not by its ${algorithm}.`))
}
