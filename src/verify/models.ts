import { realpathSync } from 'node:fs'
import { KeylessError } from '../errors.ts'
import type { Log } from '../http.ts'
import type { ModelLines } from '../runner/subject-inputs.ts'
import { sanitize } from '../runner/text.ts'
import { signaturePath } from '../storage/local.ts'
import { displayName } from '../subjects/file.ts'
import { ignoresOf, nameIn } from '../subjects/ignores.ts'
import { openModel } from '../subjects/model-contents.ts'
import { checkIgnorePaths, locateModel, type ModelPlace } from '../subjects/model.ts'
import { sha256Only } from '../trust/digester.ts'
import type { ModelFiles } from '../trust/model-files.ts'
import { ignoring } from '../trust/model-paths.ts'
import { MODEL_PREDICATE } from '../trust/model.ts'
import { verifyBundle } from '../trust/verify.ts'
import { tryAll, type Candidate, type Outcome, type Requirement } from './candidate.ts'
import { readBundles, type GivenBundle } from './given.ts'
import type { Trust } from './trust.ts'

/** A model that is to be verified. */
export type ModelSubject = ModelPlace & { label: string }

type Options = Omit<ModelLines, 'lines'> & {
  workspace: string
  /** The bundles that were given, in place of the one in the model. */
  given: GivenBundle[] | undefined
  required: Requirement[]
  trust: Trust
  log: Log
}

/** Finds the models that the lines name, each once, before anything is asked of anybody. */
export function locateModels({ lines, ...options }: ModelLines, workspace: string): ModelSubject[] {
  const given = { ...options, workspace }
  const roots = [workspace, realpathSync(workspace)]
  const models = lines.map(line => {
    const place = locateModel(line, given)
    return { ...place, label: displayName(place.path, roots) }
  })
  checkIgnorePaths(models, given)
  return [...new Map(models.map(model => [model.path, model])).values()]
}

/** Verify models one after the other, since one keeps all cores busy; each by the bundles that were given, or by its own. */
export async function verifyModels(models: ModelSubject[], options: Options): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const model of models) outcomes.push(await verifyModel(model, options))
  return outcomes
}

async function verifyModel(model: ModelSubject, options: Options): Promise<Outcome> {
  const { path, single, label } = model
  const { given, trust, log, allowSymlinks } = options
  // First, as an attestation is about the digest of a signature: it alone says which file has which content.
  const required = ['signature' as const, ...options.required.filter(each => !isSignature(each))]
  const outcome: Outcome = { kind: 'model', name: label, passed: [], refused: [] }
  const own = { path: signaturePath(path, single), name: signaturePath(label, single) }
  const contents = openModel(model, { log, allowSymlinks })
  try {
    const bundles = given ?? (await readBundles(own.path, own.name))
    const candidates = bundles.map((each): Candidate => {
      if ('error' in each) return each
      const { bundle, name } = each
      // The bundle itself is no part of what it signs, whatever it is called; other bundles are.
      const ignores = ignoring(ignoresOf(model, { ...options, signature: each.path }))
      const itself = nameIn(model, each.path)
      return {
        name,
        check: async required => {
          const ignored: string[] = []
          const files = { ...contents, ignores, find: noting(contents.find, ignored) }
          const expect = isSignature(required)
            ? ({ kind: 'model', files } as const)
            : ({ kind: 'statement', ...required } as const)
          const digest = sha256Only(outcome.sha256 ?? '')
          const { root, ...verified } = await verifyBundle(bundle, { ...trust, digest, expect })
          if (root !== undefined) {
            outcome.sha256 = root
            outcome.ignored = ignored.filter(name => name !== itself).sort()
          }
          return verified
        }
      }
    })
    await tryAll(outcome, [() => Promise.resolve(candidates)], required, () =>
      noSignature(label, own.name)
    )
  } catch (error) {
    if (!(error instanceof KeylessError)) throw error
    outcome.error = error
  }
  return outcome
}

/** The same, and a note of each name that is passed over. */
function noting(find: ModelFiles['find'], passed: string[]): ModelFiles['find'] {
  return ({ skip, ...o }) =>
    find({
      ...o,
      skip: name => {
        const skipped = skip(name)
        if (skipped) passed.push(name)
        return skipped
      }
    })
}

/** The type of a model's signature may be asked for by its name, too. */
function isSignature(required: Requirement): required is 'signature' {
  return required === 'signature' || required.predicateType === MODEL_PREDICATE
}

function noSignature(name: string, signature: string): KeylessError {
  return new KeylessError(
    'NO_BUNDLE',
    `${sanitize(name)} has no signature: there is no ${sanitize(signature)}; fetch the one that its signer made, or name it in the input "bundle".`
  )
}
