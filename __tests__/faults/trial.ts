import { readdir, readFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import type { RequestRecord } from '../../sandbox/client.ts'
import { push, referrersOf, type Image } from '../e2e/image.ts'
import type { Scene } from '../e2e/open-scene.ts'
import type { ActionRun } from '../e2e/runner.ts'
import type { buildIn } from './built.ts'
import type { Trouble } from './faults.ts'
import type { Place } from './places.ts'
import { onlyFile } from './unzip.ts'

/** A scene of which trials have one after the other. */
export type Lane = { scene: Scene; built: Awaited<ReturnType<typeof buildIn>> }

/** A signing while something goes wrong, for some time or as long as it takes. */
export type Trial = { place: Place; trouble: Trouble; times?: number }

/** In minutes: long enough for a second attempt, and no longer, as what stays is waited for in vain. */
const SHORT = '0.03'

/** Milliseconds until a trial that has to wait for the longest time-out of all is given up. */
const DEADLINE = 170_000

/** Whom secrets are for: the token is Fulcio's, and the runner's own are for the runner's services. */
const TOLD = new Set(['oidc', 'fulcio', 'results'])

/** What there is to sign. */
type Subject = { name: string; inputs: Record<string, string>; image?: Image }

/**
 * Signs while something goes wrong.
 * @returns what came of it: `signed`, or the code of the refusal
 * @throws Error where it is not what has to come of it
 */
export async function attempt(lane: Lane, { place, trouble, times }: Trial): Promise<string> {
  const { scene } = lane
  const { service, request } = place
  const what = trouble.at(place)
  if (what === undefined) throw new Error('nothing goes wrong')
  const subject = await subjectOf(scene, place)
  const before = (await scene.sandbox.requests()).length
  await scene.sandbox.fault({
    service,
    ...what,
    ...(request !== undefined && { request }),
    ...(times !== undefined && { times })
  })
  const timeout = times === undefined ? { timeout: SHORT } : {}
  const run = await scene.sign(
    { ...subject.inputs, ...inputsFor(lane, place), ...timeout },
    { deadline: DEADLINE, ...(service === 'tuf' && { entry: lane.built.sign }) }
  )
  const asked = (await scene.sandbox.requests()).slice(before)
  expectDiscretion(asked)
  if (!asked.some(each => each.service === service)) throw new Error('it was not asked')
  await scene.sandbox.clearFaults()
  if (run.exitCode === 0) {
    await expectSigned(scene, run, subject)
    return 'signed'
  }
  return await expectRefused(scene, run, subject, trouble.names ?? place.names)
}

/** Something new to sign. */
async function subjectOf(scene: Scene, { subject, service }: Place): Promise<Subject> {
  if (subject === 'file') {
    await scene.write('a', 'one')
    // Without a place of its own a bundle would be beside its file although its upload failed.
    const uploads = service === 'results' || service === 'blob'
    return { name: 'a', inputs: { files: 'a', ...(uploads && { publish: 'artifact' }) } }
  }
  const image = await push(scene, service === 'registry2' ? 'registry2' : 'registry')
  return { name: image.ref, inputs: { images: image.ref }, image }
}

/** With what each service is asked at all. */
function inputsFor({ scene: { sandbox } }: Lane, { service }: Place): Record<string, string> {
  if (service === 'rekor2') return { 'signing-config': sandbox.signingConfigV2 }
  if (service !== 'tuf') return {}
  return { sigstore: 'staging', 'signing-config': '', 'trusted-root': '' }
}

/** What was signed verifies, with the verify action, where it was to go. */
async function expectSigned(scene: Scene, run: ActionRun, subject: Subject): Promise<void> {
  const { inputs, image, name } = subject
  expect('outputs.signed', run.outputs.signed, '1')
  expect('errors', messages(run), [])
  if (image !== undefined) {
    expect('verified', (await scene.verify({ images: name })).outputs.verified, 'true')
    return
  }
  const artifacts = await scene.sandbox.artifacts()
  const uploaded = artifacts.find(each => each.name === run.outputs['artifact-name'])
  if (uploaded === undefined) throw new Error('there is no artifact')
  const bundle = await onlyFile(uploaded.content)
  if (inputs.publish === undefined) {
    expect('the bundle beside the file', await scene.read(`${name}.sigstore.json`), bundle)
  }
  await scene.write('downloaded/a.sigstore.json', bundle)
  const verified = await scene.verify({ files: name, bundle: 'downloaded/a.sigstore.json' })
  expect('verified', verified.outputs.verified, 'true')
  const beside = inputs.publish === undefined ? [`${name}.sigstore.json`] : []
  expect('files', (await readdir(scene.workspace)).sort(), [name, ...beside, 'downloaded'].sort())
}

/** Nothing claims to be signed, and the error names the service. */
async function expectRefused(
  scene: Scene,
  run: ActionRun,
  { name, image }: Subject,
  names: RegExp
): Promise<string> {
  expect('exit code', run.exitCode, 1)
  expect('signed', run.outputs.signed ?? '0', '0')
  const errors = messages(run)
  const named = errors.find(each => names.test(each))
  if (named === undefined) throw new Error(`nothing names the service: ${errors.join('\n')}`)
  if (run.raw.includes('    at ')) throw new Error('it shows a stack trace')
  expect('artifacts', (await scene.sandbox.artifacts()).length, 0)
  expect('files', await readdir(scene.workspace), image === undefined ? [name] : [])
  const code = await codeOf(run, named)
  if (code === 'UNEXPECTED') throw new Error(`unexpected: ${named}`)
  return image !== undefined && (await isAttached(scene, image)) ? `${code}, attached` : code
}

/** A registry may keep what it says that it does not take; then that verifies. */
async function isAttached(scene: Scene, image: Image): Promise<boolean> {
  const run = await scene.verify({ images: image.ref })
  const listed = image.url === scene.sandbox.urls.registry ? await referrersOf(image) : []
  if (run.outputs.verified === 'true') return true
  expect('referrers', listed, [])
  if (!messages(run)[0]?.endsWith('[NO_BUNDLE]')) throw new Error(messages(run).join('\n'))
  return false
}

function messages({ annotations }: ActionRun): string[] {
  return annotations.filter(({ level }) => level === 'error').map(({ message }) => message)
}

/** Of an error that is about one subject of several, the results have the code. */
async function codeOf({ outputs }: ActionRun, message: string): Promise<string> {
  const [, code] = /\[(\w+)\]$/.exec(message) ?? []
  if (code !== undefined) return code
  const text = await readFile(outputs['results-path'] ?? '', 'utf8')
  const { subjects } = JSON.parse(text) as { subjects: { error?: { code: string } }[] }
  const [found] = subjects.flatMap(({ error }) => (error ? [error.code] : []))
  if (found === undefined) throw new Error(`no code: ${message}`)
  return found
}

/** No secret went to anybody but whom it is for. */
export function expectDiscretion(asked: RequestRecord[]): void {
  const told = asked.filter(({ secret, service }) => secret && !TOLD.has(service))
  expect('told a secret', [...new Set(told.map(({ service }) => service))], [])
}

export function expect(what: string, found: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(found, wanted)) return
  throw new Error(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`)
}
