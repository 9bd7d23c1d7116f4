import pLimit from 'p-limit'
import { KeylessError } from '../errors.ts'
import type { Log } from '../http.ts'
import { expand } from '../runner/glob.ts'
import { sanitize } from '../runner/text.ts'
import { bundlePath } from '../storage/local.ts'
import { hashForVerifying, refuseDsse, refuseSimpleSigning } from '../subjects/digest.ts'
import { hashFiles } from '../subjects/digests/files.ts'
import type { FileToHash, Hashed } from '../subjects/digests/hash.ts'
import { findFiles, type FileSubject } from '../subjects/file.ts'
import type { ParsedBundle } from '../trust/bundle.ts'
import type { Digester, HashName } from '../trust/digester.ts'
import { verifyBundle, type Expectation } from '../trust/verify.ts'
import { tryAll, type Candidate, type Outcome, type Requirement } from './candidate.ts'
import { readBundles } from './given.ts'
import type { Trust } from './trust.ts'

/** Enough to read the next bundle and file while one is verified; each may hold a small file. */
const AT_ONCE = 4

/** Finds the files that the lines name, before anything is asked of anybody. */
export async function findSubjects(
  lines: string[],
  workspace: string,
  log: Log
): Promise<FileSubject[]> {
  const { subjects, bundles } = await findFiles(lines, workspace, expand)
  for (const { path, name } of bundles) await leaveOut(path, name, log)
  return subjects
}

/** Verify files, each by the bundles that were given, or else by the one beside it. */
export async function verifyFiles(
  subjects: FileSubject[],
  given: ParsedBundle[] | undefined,
  required: Requirement[],
  trust: Trust,
  log: Log
): Promise<Outcome[]> {
  const files = await hashForVerifying(subjects, { log })
  return await pLimit(AT_ONCE).map(files, file => verifyFile(file, given, required, trust, log))
}

async function verifyFile(
  { name, path, real, hash }: FileSubject & { hash: () => Hashed & { content?: Buffer } },
  given: ParsedBundle[] | undefined,
  required: Requirement[],
  trust: Trust,
  log: Log
): Promise<Outcome> {
  const outcome: Outcome = { kind: 'file', name, passed: [], refused: [] }
  try {
    const hashed = hash()
    outcome.sha256 = hashed.digest
    if (required.includes('signature')) {
      refuseDsse(real, hashed)
      refuseSimpleSigning(real, hashed)
    }
    const digest = digester(real, hashed.digest, log)
    const bundles = given ?? (await readBundles(bundlePath(path), bundlePath(name)))
    const candidates = bundles.map((each): Candidate => {
      if ('error' in each) return each
      const { bundle } = each
      return {
        name: each.name,
        check: required =>
          verifyBundle(bundle, {
            ...trust,
            digest,
            bytes: hashed.content,
            expect: expectation(required)
          })
      }
    })
    await tryAll(outcome, [() => Promise.resolve(candidates)], required, () => noBundle(name))
  } catch (error) {
    if (!(error instanceof KeylessError)) throw error
    outcome.error = error
  }
  return outcome
}

/** An SBOM or a failed test is no signature. */
function expectation(required: Requirement): Expectation {
  return required === 'signature'
    ? { kind: 'message-signature' }
    : { kind: 'statement', ...required }
}

function noBundle(name: string): KeylessError {
  return new KeylessError(
    'NO_BUNDLE',
    `${sanitize(name)} has no bundle: there is no ${sanitize(bundlePath(name))}; fetch the bundle that its signer made, or name it in the input "bundle".`
  )
}

/** Only what is a bundle goes unverified: a name alone must not get a file past the gate. */
async function leaveOut(path: string, name: string, log: Log): Promise<void> {
  for (const each of await readBundles(path, name)) {
    if (!('error' in each)) continue
    throw new KeylessError(
      each.error.code,
      `files: ${name} is named like a bundle, and is none: ${each.error.message} Take it away with "!${name}" if it needs no signature.`
    )
  }
  log.info(`Left out ${name}, which is a bundle itself.`)
}

/** Each digest is worked out once, and a further one only when a bundle speaks of it. */
function digester(path: string, sha256: string, log: Log): Digester {
  const digests = new Map<HashName, Promise<string>>([['sha256', Promise.resolve(sha256)]])
  return algorithm => {
    const digest = digests.get(algorithm) ?? digestOf({ path, algorithm }, log)
    digests.set(algorithm, digest)
    return digest
  }
}

async function digestOf(file: FileToHash, log: Log): Promise<string> {
  const [done] = await hashFiles([file], { log })
  return done?.hashed.digest ?? ''
}
