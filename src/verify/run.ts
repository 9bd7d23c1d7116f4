import { setImmediate } from 'node:timers/promises'
import type { Bundle } from '@sigstore/bundle'
import pLimit from 'p-limit'
import { KeylessError } from '../errors.ts'
import type { Log } from '../http.ts'
import type { RunContext } from '../runner/context.ts'
import { expand } from '../runner/glob.ts'
import { bundlePath, readBundle } from '../storage/local.ts'
import { digestFile, type Algorithm } from '../subjects/digest.ts'
import { displayName, findFiles, type FileSubject } from '../subjects/file.ts'
import { parseBundles, type ParsedBundle } from '../trust/bundle.ts'
import type { Digester } from '../trust/digester.ts'
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

/** Enough to keep the disk busy while a bundle is verified; each holds two chunks of a file. */
const AT_ONCE = 4

/** Reasons in a message; the results file has all. */
const LISTED = 10

/**
 * Verify every file that the inputs name. A file passes when for each thing that is required one
 * bundle passes every check: a bundle that does not is no reason against it, and none for it.
 *
 * @throws KeylessError when nothing could be verified at all: inputs, trust
 */
export async function verify(inputs: Inputs, context: RunContext, log: Log): Promise<Outcome[]> {
  const policy = identityPolicy(inputs.identity, context)
  const { subjects, bundles } = await findFiles(inputs.files, context.workspace, expand)
  for (const path of bundles) await leaveOut(path, displayName(path, context.workspace), log)
  const given =
    inputs.bundles.length > 0 ? await readGiven(inputs.bundles, context.workspace) : undefined
  const expectations = required(inputs.predicateTypes)
  const trust = { roots: await readTrust(inputs.trust), signer: { identity: policy } }
  return await pLimit(AT_ONCE).map(subjects, file => verifyFile(file, given, expectations, trust))
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
  { name, path, real }: FileSubject,
  given: ParsedBundle[] | undefined,
  expectations: Expectation[],
  trust: { roots: TrustedRoot[]; signer: { identity: IdentityPolicy } }
): Promise<Outcome> {
  const outcome: Outcome = { name, passed: [], refused: [] }
  try {
    const digest = hashed(real)
    outcome.sha256 = await digest('sha256')
    const candidates = given ?? (await readBundles(bundlePath(path), bundlePath(name)))
    if (candidates.length === 0) {
      throw new KeylessError(
        'NO_BUNDLE',
        `${name} has no bundle: there is no ${bundlePath(name)}; fetch the bundle that its signer made, or name it in the input "bundle".`
      )
    }
    for (const expect of expectations) {
      await tryAll(candidates, outcome, bundle =>
        verifyBundle(bundle, { ...trust, digest, expect })
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
  const reasons: Outcome['refused'] = []
  for (const candidate of candidates) {
    try {
      if ('error' in candidate) throw candidate.error
      passed.push({ bundle: candidate.name, verified: await check(candidate.bundle) })
      refused.push(...reasons)
      return
    } catch (error) {
      if (!(error instanceof KeylessError)) throw error
      reasons.push({ bundle: candidate.name, error })
    }
    // Verifying takes a whole core; hashing of the next file goes on meanwhile.
    await setImmediate()
  }
  refused.push(...reasons)
  throw refusal(name, reasons)
}

/** Why a file is refused: for one bundle its own reason, for several the reason of each. */
function refusal(name: string, reasons: Outcome['refused']): KeylessError {
  const [first, ...others] = reasons
  if (first && others.length === 0) {
    return new KeylessError(first.error.code, `${name} (${first.bundle}): ${first.error.message}`)
  }
  const listed = reasons
    .slice(0, LISTED)
    .map(({ bundle, error }) => `${bundle}: ${error.message} [${error.code}]`)
  if (reasons.length > LISTED) listed.push(`and ${reasons.length - LISTED} more, in the results`)
  return new KeylessError(
    'NO_BUNDLE_VERIFIES',
    [`${name}: none of its ${reasons.length} bundles verifies.`, ...listed].join('\n')
  )
}

/** The bundles that the input names; every line must name at least one that is there. */
async function readGiven(patterns: string[], workspace: string): Promise<ParsedBundle[]> {
  const candidates: ParsedBundle[] = []
  for (const pattern of patterns) {
    const found: ParsedBundle[] = []
    for (const path of await expand(pattern, [])) {
      found.push(...(await readBundles(path, displayName(path, workspace))))
    }
    if (found.length === 0) {
      throw new KeylessError(
        'NO_BUNDLE',
        `bundle: "${pattern}" names no bundle; check the path, and that the step that fetches it ran before this one.`
      )
    }
    candidates.push(...found)
  }
  return candidates
}

async function readBundles(path: string, name: string): Promise<ParsedBundle[]> {
  const text = await readBundle(path)
  return text === undefined ? [] : parseBundles(text, name)
}

/** Each digest is worked out once, and only when a bundle speaks of it. */
function hashed(path: string): Digester {
  const digests = new Map<Algorithm, Promise<string>>()
  return algorithm => {
    const digest = digests.get(algorithm) ?? digestFile(path, algorithm)
    digests.set(algorithm, digest)
    return digest
  }
}
