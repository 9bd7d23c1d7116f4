import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { KeylessError, type Code } from '../src/errors.ts'
import { ModelMismatch, type ModelDifferences } from '../src/trust/model-mismatch.ts'
import { CASES, type ModelCase } from './model-cases.ts'
import { signModel } from './model-sign.ts'
import { verifyModel } from './model-verify.ts'
import { report, type Result } from './report.ts'

// node conformance/models.ts DIR
//
// Models that others signed, and the vectors of the OpenSSF Model Signing specification; DIR is laid
// out as ../shared/vectors/oms. Each model is verified as it is, and then with a file changed, added
// and removed. What we sign of the worked example has to be what model_signing signed of it.

type Json = Record<string, unknown>

const [dir] = process.argv.slice(2)
if (dir === undefined) {
  console.error('usage: node conformance/models.ts DIR')
  process.exit(2)
}
const at = (...names: string[]): string => path.join(dir, ...names)
const read = (...names: string[]): Json => JSON.parse(readFileSync(at(...names), 'utf8')) as Json

const temporary = mkdtempSync(path.join(tmpdir(), 'models-'))
try {
  const results: Result[] = []
  for (const each of CASES) results.push(...(await run(each)))
  results.push(...(await workedExample()))
  report(results)
} finally {
  rmSync(temporary, { recursive: true })
}

async function run(each: ModelCase): Promise<Result[]> {
  const name = `${each.bundle} of ${each.model} by ${each.trust(at()).method}`
  const outcome = await verify(each, at(each.model))
  const results = [{ name, problem: differs(outcome, each.refused) }]
  if (each.refused !== undefined) return results

  const edits: [string, string | undefined, Partial<ModelDifferences>][] = [
    ['signme-1', 'signme-3', { changed: ['signme-1'] }],
    ['signme-1', undefined, { missing: ['signme-1'] }],
    ['signme-3', 'signme-1', { extra: ['signme-3'] }]
  ]
  for (const [file, content, difference] of edits) {
    const model = copy(at(each.model))
    if (content === undefined) rmSync(path.join(model, file))
    else writeFileSync(path.join(model, file), content)
    const found = await verify(each, model)
    const expected = { extra: [], missing: [], changed: [], ...difference }
    const fits = found instanceof ModelMismatch && isDeepStrictEqual(found.differences, expected)
    results.push({
      name: `${name}, ${JSON.stringify(difference)}`,
      problem: fits ? undefined : `came out as ${String(found)}`
    })
  }
  return results
}

async function verify(each: ModelCase, model: string): Promise<unknown> {
  const ignored = ['model.sig', ...(each.ignored ?? [])]
  return verifyModel({
    path: model,
    bundle: at(each.bundle),
    ignorePaths: ignored.map(name => path.join(model, name)),
    ignoreUnsigned: false,
    trust: each.trust(at())
  }).catch((error: unknown) => error)
}

function differs(outcome: unknown, refused: Code | undefined): string | undefined {
  if (!(outcome instanceof Error)) {
    return refused === undefined ? undefined : `verified, but must be refused with ${refused}`
  }
  const code = outcome instanceof KeylessError ? outcome.code : 'no code'
  return code === refused ? undefined : `refused with ${code}: ${outcome.message}`
}

/** A model of files alone, and of files that may be written to. */
function copy(model: string): string {
  const to = mkdtempSync(path.join(temporary, 'model-'))
  for (const name of readdirSync(model)) {
    writeFileSync(path.join(to, name), readFileSync(path.join(model, name)))
  }
  return to
}

async function workedExample(): Promise<Result[]> {
  const model = at('worked-example', 'my-model')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const ours = JSON.parse(
    await signModel({
      path: model,
      bundle: path.join(model, 'model.sig'),
      ignorePaths: [],
      signer: { method: 'key', key }
    })
  ) as Json
  const theirs = read('worked-example', 'my-model', 'model.sig')
  const root = createHash('sha256')
    .update(readFileSync(at('worked-example', 'digests.bin')))
    .digest('hex')
  const said = statementOf(ours) as { subject: unknown }

  const ajv = new Ajv2020({ strict: false })
  for (const name of ['envelope', 'predicate'])
    ajv.addSchema(read('schemas', `${name}.schema.json`))
  const bundleSchema = ajv.compile(read('schemas', 'bundle.schema.json'))
  const statementSchema = ajv.compile(read('schemas', 'statement.schema.json'))
  const check = (name: string, ok: boolean, found: unknown): Result => ({
    name: `worked-example: ${name}`,
    problem: ok ? undefined : JSON.stringify(found)
  })
  return [
    check('the statement', isDeepStrictEqual(said, statementOf(theirs)), said),
    check(
      'the root',
      isDeepStrictEqual(said.subject, [{ name: 'my-model', digest: { sha256: root } }]),
      said.subject
    ),
    check('the schema of a bundle', bundleSchema(ours), bundleSchema.errors),
    check('the schema of a statement', statementSchema(said), statementSchema.errors)
  ]
}

/** What is said, with what is in no order put in order. */
function statementOf(bundle: Json): Json {
  const { payload } = bundle.dsseEnvelope as { payload: string }
  const statement = JSON.parse(Buffer.from(payload, 'base64').toString()) as {
    predicate: { serialization: { ignore_paths: string[] } }
  }
  statement.predicate.serialization.ignore_paths.sort()
  return statement
}
