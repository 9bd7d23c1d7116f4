import { lstatSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { KeylessError } from '../errors.ts'
import type { Log } from '../http.ts'
import type { ModelLines } from '../runner/subject-inputs.ts'
import { serializeBundle } from '../sigstore/bundle.ts'
import type { Session } from '../sigstore/session.ts'
import { modelStatement, type Resource } from '../statements/model.ts'
import { clearPartial, signaturePath } from '../storage/local.ts'
import type { Checksum } from '../subjects/checksums.ts'
import { checkUnchanged } from '../subjects/digests/hash.ts'
import { displayName } from '../subjects/file.ts'
import { ignoresOf } from '../subjects/ignores.ts'
import { placeModel } from '../subjects/model-elsewhere.ts'
import type { ModelFile } from '../subjects/model-files.ts'
import { checkIgnorePaths, findModel, hashModel, locateModel } from '../subjects/model.ts'
import { findPickle, type Pickle } from '../subjects/pickle.ts'
import { parseBundle } from '../trust/bundle.ts'
import type { ModelFiles } from '../trust/model-files.ts'
import { ignoring } from '../trust/model-paths.ts'
import { rootDigest } from '../trust/model.ts'
import { quote } from '../trust/quote.ts'
import { verifyBundle } from '../trust/verify.ts'
import { checkSeenFrom, readChecksums } from './checksums.ts'
import type { Inputs } from './inputs.ts'
import type { Placed } from './places.ts'
import { signAll, type Draft, type Signature, type Trust } from './signature.ts'

type Model = Placed & { kind: 'model'; single: boolean; allowSymlinks: boolean }

/** A model before anything in it was read. */
export type FoundModel = Model & {
  /** What the statement calls it. */
  title: string
  ignorePaths: string[]
} & ({ files: ModelFile[] } | { checksums: Resource[] })

/** A model whose every digest is known. */
export type HashedModel = Model & {
  /** SHA-256 over the digests of all files. */
  sha256: string
  resources: Resource[]
  statement: Buffer
  /** What was hashed here; nothing where the digests were given. */
  hashed: { path: string; stamp: string }[]
  pickles: Pickle[]
}

/** A model and its bundle. */
export type SignedModel = Model & {
  sha256: string
  signature: Signature<string>
  /** How many files it has, and whether these were hashed elsewhere. */
  files: number
  elsewhere: boolean
  pickles: Pickle[]
}

/**
 * Find the models that the lines name, each once, with all of their files.
 *
 * @throws KeylessError as `findModel`, `placeModel`, `readChecksums`, `checkSeenFrom` and `checkIgnorePaths`
 */
export async function findModels(
  { lines, ...options }: ModelLines,
  { checksums: input, workspace }: Pick<Inputs, 'checksums'> & { workspace: string },
  log: Log
): Promise<FoundModel[]> {
  const given = { ...options, workspace }
  const checksums = input === undefined ? undefined : await readChecksums(input, workspace)
  const locate = checksums === undefined ? locateModel : placeModel
  const lineOf = new Map(lines.map(line => [resolve(workspace, line), line]))
  const places = [...lineOf.values()].map(line => ({ line, place: locate(line, given) }))
  checkIgnorePaths(
    places.map(({ place }) => place),
    given
  )
  for (const path of checksums === undefined ? options.ignorePaths : []) {
    if (lstatSync(resolve(workspace, path), { throwIfNoEntry: false })) continue
    log.warning(
      `ignore-paths: there is no ${quote(path)}, so nothing is left out for it; globs are not known there.`
    )
  }
  const models: FoundModel[] = []
  for (const { line, place } of places) {
    const { name: title, path, single } = place
    const signature = signaturePath(path, single)
    const roots = [workspace, realpathSync(workspace)]
    const model = {
      kind: 'model' as const,
      name: displayName(path, roots),
      title,
      path,
      bundle: { path: signature, name: displayName(signature, roots) },
      single,
      allowSymlinks: options.allowSymlinks
    }
    if (checksums === undefined) {
      // Else it would be a file of the model, and gone once the signature is written.
      await clearPartial(signature)
      const { files, ignorePaths } = await findModel(line, { ...given, signature })
      models.push({ ...model, files, ignorePaths })
    } else {
      checkSeenFrom(path, checksums)
      const ignorePaths = ignoresOf(place, { ...given, signature })
      models.push({ ...model, checksums: withoutIgnored(checksums, ignorePaths, log), ignorePaths })
    }
  }
  return models
}

/** What a verifier does not look for is not listed, as where the files are. */
function withoutIgnored(checksums: Checksum[], ignorePaths: string[], log: Log): Checksum[] {
  const ignores = ignoring(ignorePaths)
  const kept = checksums.filter(({ name }) => !ignores(name))
  if (kept.length === 0) {
    throw new KeylessError(
      'MODEL_EMPTY',
      `checksums: every file that is listed is ignored (${ignorePaths.map(path => quote(path)).join(', ')}), and a signature of nothing says nothing; check the list.`
    )
  }
  const left = checksums.length - kept.length
  if (left > 0) log.info(`Left out ${left} line(s) of checksums, of files that are ignored.`)
  return kept
}

/** Hash every file of the models, unless their digests were given. */
export async function hashModels(models: FoundModel[], log: Log): Promise<HashedModel[]> {
  const all: HashedModel[] = []
  for (const model of models) {
    const { name, title, single } = model
    if ('checksums' in model) {
      const { checksums: resources } = model
      log.info(
        `Signing ${name} by the digests of ${resources.length} file(s) that were hashed elsewhere; none of them is read here.`
      )
      all.push({ ...seal(model, title, resources), hashed: [], pickles: [] })
      continue
    }
    log.info(`Hashing ${model.files.length} file(s) of ${name}.`)
    const hashed = await hashModel(model, { log })
    const resources = hashed.map(file => ({ name: file.name, sha256: file.hashed.digest }))
    const pickles = hashed.flatMap(file => {
      const named = { name: single ? title : file.name, path: file.path, head: file.hashed.head }
      return findPickle(named) ?? []
    })
    const stamps = hashed.map(({ path, hashed: { stamp } }) => ({ path, stamp }))
    all.push({ ...seal(model, title, resources), hashed: stamps, pickles })
  }
  return all
}

function seal(
  { kind, name, path, bundle, single, allowSymlinks, ignorePaths }: FoundModel,
  title: string,
  resources: Resource[]
): Omit<HashedModel, 'hashed' | 'pickles'> {
  const statement = modelStatement({ name: title, resources, ignorePaths, allowSymlinks })
  const sha256 = rootDigest(resources.map(({ sha256 }) => sha256))
  return { kind, name, path, bundle, single, allowSymlinks, sha256, resources, statement }
}

/** One statement a model. */
export async function signModels(
  models: HashedModel[],
  session: Session,
  trust: Trust
): Promise<SignedModel[]> {
  const signatures = await signAll(models.map(draft), session, trust)
  // Asking the services may have taken long.
  for (const { hashed } of models) for (const each of hashed) checkUnchanged(each.path, each)
  return signatures.flatMap((signature, i) => {
    const model = models[i]
    if (model === undefined) return []
    const { kind, name, path, bundle, single, allowSymlinks, sha256, pickles } = model
    const files = model.resources.length
    const elsewhere = model.hashed.length === 0
    const common = { kind, name, path, bundle, single, allowSymlinks, sha256, pickles }
    return [{ ...common, files, elsewhere, signature }]
  })
}

function draft({ statement, resources }: HashedModel): Draft<string> {
  return {
    make: async session => serializeBundle(await session.signStatement(statement)),
    verify: (text, trust) =>
      verifyBundle(parseBundle(text, 'the new bundle'), {
        ...trust,
        digest: () => Promise.reject(new Error('A model is signed by its list of files.')),
        expect: { kind: 'model', files: known(resources) }
      })
  }
}

/** The files as they were hashed before. */
function known(resources: Resource[]): ModelFiles {
  const digests = new Map(resources.map(({ name, sha256 }) => [name, sha256]))
  return {
    single: false,
    ignores: () => false,
    find: () => Promise.resolve(new Map(resources.map(({ name }) => [name, 0]))),
    hash: parts => Promise.resolve(parts.map(({ name }) => digests.get(name) ?? ''))
  }
}
