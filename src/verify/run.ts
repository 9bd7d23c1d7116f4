import { stat } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import type { Bundle } from '@sigstore/bundle'
import pLimit from 'p-limit'
import { KeylessError } from '../errors.ts'
import type { Log } from '../http.ts'
import type { RunContext } from '../runner/context.ts'
import { expand } from '../runner/glob.ts'
import { sanitize } from '../runner/text.ts'
import { issuerOf } from '../sigstore/identity.ts'
import { bundlePath, readBundle } from '../storage/local.ts'
import { hashForVerifying, refuseDsse } from '../subjects/digest.ts'
import { hashFiles } from '../subjects/digests/files.ts'
import type { FileToHash, Hashed } from '../subjects/digests/hash.ts'
import { displayName, findFiles, type FileSubject } from '../subjects/file.ts'
import { parseBundles, type ParsedBundle } from '../trust/bundle.ts'
import type { Digester, HashName } from '../trust/digester.ts'
import type { IdentityPolicy } from '../trust/policy.ts'
import { identityPolicy } from '../trust/policy-inputs.ts'
import type { TrustedRoot } from '../trust/root.ts'
import { verifyBundle, type Expectation, type VerifiedIdentity } from '../trust/verify.ts'
import type { Inputs } from './inputs.ts'
import { readTrust } from './trust.ts'

/** What became of one subject. It verified when there is no error. */
export type Outcome = {
  name: string
  sha256?: string
  /** One bundle for each thing that was required. */
  passed: { bundle: string; verified: VerifiedIdentity }[]
  /** Bundles that were tried and are not believed. */
  refused: { bundle: string; error: KeylessError }[]
  error?: KeylessError
}

/** Enough to read the next bundle and file while one is verified; each may hold a small file. */
const AT_ONCE = 4

/** Reasons in a message; the results file has all. */
const LISTED = 10

/** Bundles that every file is tried with at most. */
const MOST_CANDIDATES = 10_000

/**
 * Verify every file that the inputs name. A file passes when for each thing that is required one
 * bundle passes every check: a bundle that does not is no reason against it, and none for it.
 *
 * @throws KeylessError when nothing could be verified at all: inputs, trust
 */
export async function verify(inputs: Inputs, context: RunContext, log: Log): Promise<Outcome[]> {
  const policy = identityPolicy(inputs.identity, {
    ...context,
    issuer: issuerOf(context.serverUrl)
  })
  const { subjects, bundles } = await findFiles(inputs.files, context.workspace, expand)
  for (const { path, name } of bundles) await leaveOut(path, name, log)
  const given =
    inputs.bundles.length > 0 ? await readGiven(inputs.bundles, context.workspace) : undefined
  const expectations = required(inputs.predicateTypes)
  const trust = { roots: await readTrust(inputs.trust), signer: { identity: policy } }
  const files = await hashForVerifying(subjects, { log })
  return await pLimit(AT_ONCE).map(files, file => verifyFile(file, given, expectations, trust, log))
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

/** What each line of predicate-type requires. An SBOM or a failed test is no signature. */
function required(types: string[]): Expectation[] {
  return types.map(type =>
    type === 'signature'
      ? { kind: 'message-signature' }
      : { kind: 'statement', predicateType: type }
  )
}

async function verifyFile(
  { name, path, real, hash }: FileSubject & { hash: () => Hashed & { content?: Buffer } },
  given: ParsedBundle[] | undefined,
  expectations: Expectation[],
  trust: { roots: TrustedRoot[]; signer: { identity: IdentityPolicy } },
  log: Log
): Promise<Outcome> {
  const outcome: Outcome = { name, passed: [], refused: [] }
  try {
    const hashed = hash()
    outcome.sha256 = hashed.digest
    if (expectations.some(({ kind }) => kind === 'message-signature')) refuseDsse(real, hashed)
    const digest = digester(real, hashed.digest, log)
    const candidates = given ?? (await readBundles(bundlePath(path), bundlePath(name)))
    if (candidates.length === 0) {
      throw new KeylessError(
        'NO_BUNDLE',
        `${sanitize(name)} has no bundle: there is no ${sanitize(bundlePath(name))}; fetch the bundle that its signer made, or name it in the input "bundle".`
      )
    }
    for (const expect of expectations) {
      await tryAll(candidates, outcome, bundle =>
        verifyBundle(bundle, { ...trust, digest, bytes: hashed.content, expect })
      )
    }
  } catch (error) {
    if (!(error instanceof KeylessError)) throw error
    outcome.error = error
  }
  return outcome
}

/** The first candidate that passes decides; the reasons of those before it are kept. */
async function tryAll(
  candidates: ParsedBundle[],
  { name, passed, refused }: Outcome,
  check: (bundle: Bundle) => Promise<VerifiedIdentity>
): Promise<void> {
  const before = refused.length
  for (const candidate of candidates) {
    try {
      if ('error' in candidate) throw candidate.error
      passed.push({ bundle: candidate.name, verified: await check(candidate.bundle) })
      return
    } catch (error) {
      if (!(error instanceof KeylessError)) throw error
      refused.push({ bundle: candidate.name, error })
    }
    // Verifying takes a whole core; hashing of the next file goes on meanwhile.
    await setImmediate()
  }
  throw refusal(name, refused.slice(before))
}

/** Why a file is refused: for one bundle its own reason, for several the reason of each. */
function refusal(name: string, reasons: Outcome['refused']): KeylessError {
  const [first, ...others] = reasons
  if (first && others.length === 0) {
    return new KeylessError(
      first.error.code,
      `${sanitize(name)} (${sanitize(first.bundle)}): ${first.error.message}`
    )
  }
  // What could not be read is not the same as nothing there (verification.md, row 17).
  const unread = reasons.find(({ error }) => error.code === 'BUNDLE_UNREADABLE')
  const listed = reasons
    .slice(0, LISTED)
    .map(({ bundle, error }) => `${sanitize(bundle)}: ${error.message} [${error.code}]`)
  if (reasons.length > LISTED) listed.push(`and ${reasons.length - LISTED} more, in the results`)
  return new KeylessError(
    unread ? 'BUNDLE_UNREADABLE' : 'NO_BUNDLE_VERIFIES',
    [`${sanitize(name)}: none of its ${reasons.length} bundles verifies.`, ...listed].join('\n')
  )
}

/** The bundles that the input names; every line must name at least one that is there. */
async function readGiven(patterns: string[], workspace: string): Promise<ParsedBundle[]> {
  const candidates: ParsedBundle[] = []
  for (const pattern of patterns) {
    const before = candidates.length
    for (const path of await expand(pattern, [])) {
      if ((await stat(path).catch(() => undefined))?.isDirectory()) continue
      for (const each of await readBundles(path, displayName(path, [workspace]))) {
        candidates.push(each)
      }
    }
    if (candidates.length === before) {
      throw new KeylessError(
        'NO_BUNDLE',
        `bundle: "${pattern}" names no bundle; check the path, and that the step that fetches it ran before this one.`
      )
    }
    if (candidates.length > MOST_CANDIDATES) {
      throw new KeylessError(
        'BUNDLE_TOO_MANY',
        `bundle: these lines name ${candidates.length} bundles, and every file would be tried with each; name at most ${MOST_CANDIDATES}.`
      )
    }
  }
  return candidates
}

/** The candidates in a file; one that cannot be read is a candidate that never passes. */
async function readBundles(path: string, name: string): Promise<ParsedBundle[]> {
  try {
    const text = await readBundle(path)
    return text === undefined ? [] : parseBundles(text, name)
  } catch (error) {
    if (error instanceof KeylessError) return [{ name, error }]
    throw error
  }
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
