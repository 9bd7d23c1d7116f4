import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { KeylessError, type Code } from '../src/errors.ts'
import { parseBundles } from '../src/trust/bundle.ts'
import type { Digester } from '../src/trust/digester.ts'
import { identityPolicy, type IdentityInputs } from '../src/trust/policy-inputs.ts'
import { parseTrustedRoots } from '../src/trust/root.ts'
import { verifyBundle, type Expectation } from '../src/trust/verify.ts'
import { report, type Result } from './report.ts'

// node conformance/github.ts DIR
//
// Bundles of npm provenance and GitHub attestations, as the test data of github.com/cli/cli has
// them, asked about as the verify action asks. The trusted root is DIR/../trust/trusted_root.json.

type Case = {
  bundle: string
  artifact: string
  inputs: IdentityInputs
  /** Absent: a signature of the file is asked for. */
  predicateType: string | undefined
  /** Bytes after the artifact. */
  appended?: string
  /** Why every bundle of the file has to be refused; absent when every one has to verify. */
  refused?: Code
}

const SLSA = 'https://slsa.dev/provenance/v1'

const npm = {
  bundle: 'sigstore-js-2.1.0-bundle.json',
  artifact: 'sigstore-js-2.1.0.tgz',
  inputs: {
    signerWorkflow: 'sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main'
  },
  predicateType: SLSA
}
const reusable = {
  bundle: 'reusable-workflow-attestation.sigstore.json',
  artifact: 'reusable-workflow-artifact',
  inputs: {
    signerWorkflow: 'github/artifact-attestations-workflows/.github/workflows/attest.yml',
    repository: 'malancas/attest-demo'
  },
  predicateType: SLSA
}
const custom = {
  bundle: 'custom-issuer.sigstore.json',
  artifact: 'custom-issuer-artifact',
  inputs: {
    certificateIdentity:
      'https://github.com/too-legit/attest/.github/workflows/integration.yml@refs/heads/main',
    certificateOidcIssuer: 'https://token.actions.githubusercontent.com/hammer-time'
  },
  predicateType: SLSA
}
const demo = {
  bundle: 'github_provenance_demo-0.0.12-py3-none-any-bundle.jsonl',
  artifact: 'github_provenance_demo-0.0.12-py3-none-any.whl',
  inputs: { signerWorkflow: 'actions/attest-demo/.github/workflows/build-python.yml' },
  predicateType: SLSA
}
const CASES: Case[] = [
  npm,
  { ...npm, bundle: 'sigstore-js-2.1.0_with_2_bundles.jsonl' },
  // What npm's registry served for the same release; gh wants v0.2, the format allows it.
  { ...npm, bundle: 'sigstore-js-2.1.0-bundle-v0.1.json' },
  { ...npm, predicateType: undefined, refused: 'NOT_A_MESSAGE_SIGNATURE' },
  { ...npm, predicateType: 'https://slsa.dev/provenance/v0.2', refused: 'PREDICATE_TYPE_MISMATCH' },
  { ...npm, appended: '\n', refused: 'SUBJECT_MISMATCH' },
  {
    ...npm,
    inputs: { signerWorkflow: 'sigstore/sigstore-js/.github/workflows/ci.yml@refs/heads/main' },
    refused: 'IDENTITY_MISMATCH'
  },
  reusable,
  // Anyone may call a public workflow: without the caller's repository it must be ours.
  {
    ...reusable,
    inputs: { signerWorkflow: reusable.inputs.signerWorkflow },
    refused: 'IDENTITY_MISMATCH'
  },
  custom,
  {
    ...custom,
    inputs: { certificateIdentity: custom.inputs.certificateIdentity },
    refused: 'IDENTITY_MISMATCH'
  },
  { ...demo, refused: 'UNKNOWN_AUTHORITY' },
  {
    ...demo,
    bundle: 'github_provenance_demo-0.0.12-py3-none-any-bundle-missing-cert.jsonl',
    refused: 'BUNDLE_CONTENT'
  },
  {
    ...demo,
    bundle: 'github_provenance_demo-0.0.12-py3-none-any-bundle-missing-verification-material.jsonl',
    refused: 'FIELD_INVALID'
  },
  {
    ...npm,
    bundle: 'sigstoreBundle-invalid-signature.json',
    refused: 'PAYLOAD_TYPE'
  }
]

const [dir] = process.argv.slice(2)
if (dir === undefined) {
  console.error('usage: node conformance/github.ts DIR')
  process.exit(2)
}
const read = (...names: string[]): Buffer => readFileSync(path.join(dir, ...names))
const roots = parseTrustedRoots(read('..', 'trust', 'trusted_root.json').toString(), 'the root')

const results: Result[] = []
for (const each of CASES) results.push(...(await run(each)))
report(results)

async function run(each: Case): Promise<Result[]> {
  const bytes = Buffer.concat([read(each.artifact), Buffer.from(each.appended ?? '')])
  const digest: Digester = algorithm =>
    Promise.resolve(createHash(algorithm).update(bytes).digest('hex'))
  const expect: Expectation =
    each.predicateType === undefined
      ? { kind: 'message-signature' }
      : { kind: 'statement', predicateType: each.predicateType }
  // As in a run of some repository that has to do with none of these.
  const context = { repository: 'somebody/else', repositoryId: '1' }
  const signer = { identity: identityPolicy(each.inputs, context) }

  const parsed = parseBundles(read(each.bundle).toString(), each.bundle)
  return Promise.all(
    parsed.map(async one => {
      const outcome =
        'bundle' in one
          ? await verifyBundle(one.bundle, { roots, digest, expect, signer }).catch(
              (error: unknown) => error
            )
          : one.error
      return { name: one.name, problem: differs(outcome, each.refused) }
    })
  )
}

function differs(outcome: unknown, refused: Code | undefined): string | undefined {
  if (!(outcome instanceof Error)) {
    return refused === undefined ? undefined : `verified, but must be refused with ${refused}`
  }
  const code = outcome instanceof KeylessError ? outcome.code : 'no code'
  return code === refused ? undefined : `refused with ${code}: ${outcome.message}`
}
