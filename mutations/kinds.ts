import { legacyAnnotations } from '../src/statements/legacy-annotations.ts'
import { simpleSigning } from '../src/statements/simple-signing.ts'
import { imageStatement } from '../src/statements/image.ts'
import { parseBundle, type Bundle } from '../src/trust/bundle.ts'
import type { Expectation } from '../src/trust/content.ts'
import { isObject, parseJson } from '../src/trust/json.ts'
import { parseLegacy, verifyLegacy, type LegacySignature } from '../src/trust/legacy.ts'
import { identityPolicy } from '../src/trust/policy-inputs.ts'
import { verifyBundle } from '../src/trust/verify.ts'
import type { Claims } from '../sandbox/claims.ts'
import { sha256 } from '../sandbox/certificate.ts'
import { all, drop, put, type Edit, type Json } from '../__tests__/trust/edit.ts'
import {
  digestOf,
  FILE,
  Instance,
  PREDICATE,
  statement,
  type Differences
} from '../__tests__/trust/instance.ts'
import { filesOf, MODEL, modelStatement } from '../__tests__/trust/oms.ts'
import type { Donors } from './mutation.ts'

/** A kind of signature that is accepted, and a valid one of it as text, with others to take fields from. */
export type Kind = {
  name: string
  honest: string
  donors: Donors<string>
  /**
   * What is read of a text. Undefined where it is no document that could come here, as another reader
   * has refused it before.
   * @throws KeylessError
   */
  read: (text: string) => unknown
  /** @throws KeylessError */
  verify: (read: unknown) => Promise<unknown>
}

const GITHUB: Claims = { repository_visibility: 'private' }
const STRANGER: Claims = {
  repository: 'mallory/models',
  repository_id: '640999999',
  repository_owner: 'mallory',
  repository_owner_id: '65999',
  workflow_ref: 'mallory/models/.github/workflows/release.yml@refs/heads/main',
  job_workflow_ref: 'mallory/models/.github/workflows/release.yml@refs/heads/main'
}

const publicGood = new Instance()
const github = new Instance('GitHub, Inc.')
const roots = [
  ...publicGood.roots(),
  ...github.roots(put('tlogs', []), put('ctlogs', []))
]
const signer = {
  identity: identityPolicy(
    {},
    {
      repositoryId: '640123001',
      workflowRef: 'octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'
    }
  )
}

/** What is signed: ours, and something else. */
type Content = Pick<Differences, 'file' | 'statement'>
type Contents = { ours: Content; others: Content; expect: Expectation }

const OTHER = Buffer.from('the bytes of another model\n')
const IMAGE = 'ghcr.io/o/app'
const imageOf = (file: Buffer): string => `sha256:${sha256(file).toString('hex')}`
const ANNOTATIONS = { commit: '8f4e7b1c' }

const FILES: Contents = {
  ours: { file: FILE },
  others: { file: OTHER },
  expect: { kind: 'message-signature' }
}
const STATEMENTS: Contents = {
  ours: { statement: statement({ predicate: { builder: 'ours' } }) },
  others: {
    statement: statement({ subject: [{ name: 'b', digest: { sha256: sha256(OTHER).toString('hex') } }] })
  },
  expect: { kind: 'statement', predicateType: PREDICATE }
}
const IMAGES: Contents = {
  ours: { statement: image(FILE) },
  others: { statement: image(OTHER) },
  expect: { kind: 'image-signature', annotations: ANNOTATIONS }
}
const MODELS: Contents = {
  ours: { statement: modelStatement(MODEL) },
  others: { statement: modelStatement({ ...MODEL, 'config.json': '[]' }) },
  expect: { kind: 'model', files: filesOf(MODEL) }
}

function image(file: Buffer): string {
  const digest = imageOf(file)
  return imageStatement({ name: IMAGE, digest, annotations: ANNOTATIONS }).toString()
}

/** Before v0.3 the certificate stood in a chain. */
const chain: Edit = json => {
  const material = json.verificationMaterial as Json
  material.x509CertificateChain = { certificates: [material.certificate] }
  Reflect.deleteProperty(material, 'certificate')
}
const version = (number: string): Edit =>
  all(put('mediaType', `application/vnd.dev.sigstore.bundle+json;version=${number}`), chain)
/** As the first clients wrote it, which asked Rekor for a promise alone. */
const v01 = all(version('0.1'), drop('entry.inclusionProof'))
/** npm's registry signs with a key id. */
const keyid = put('dsseEnvelope.signatures.0.keyid', 'a hint')

/** As Rekor v2 records an envelope as such. */
const asDsse =
  (payload: unknown): Edit =>
  body => {
    const { hashedRekordV002 } = body.spec as { hashedRekordV002: { signature: Json } }
    const digest = sha256(Buffer.from(JSON.stringify(payload))).toString('base64')
    body.kind = 'dsse'
    body.spec = {
      dsseV002: {
        payloadHash: { algorithm: 'SHA2_256', digest },
        signatures: [hashedRekordV002.signature]
      }
    }
  }

type Making = (content: Content) => Differences
const REKOR_V1: Making = () => ({ log: 'v1' })
const REKOR_V2: Making = () => ({ log: 'v2' })
const INTOTO: Making = () => ({ log: 'v1', kind: 'intoto' })
const DSSE_V2: Making = ({ statement }) => ({ log: 'v2', body: asDsse(statement) })
const GITHUBS: Making = () => ({ log: 'none', sct: false, claims: GITHUB })

/** Signs ours, ours anew, something else, and both as somebody else; each at a time and place of its own. */
function signed({ ours, others }: Contents, making: Making, edits: Edit[]): Pick<Kind, 'honest' | 'donors'> {
  const instance = making === GITHUBS ? github : publicGood
  let index = 2
  const sign = (content: Content, claims: Claims = {}): string => {
    const o = making(content)
    const at = new Date(Date.now() - 1000 * index)
    const bundle = instance.sign({
      ...{ ...o, ...content, at, index: index++ },
      claims: { ...o.claims, ...claims }
    })
    all(...edits)(bundle)
    return JSON.stringify(bundle)
  }
  return {
    honest: sign(ours),
    donors: {
      same: [sign(ours), sign(others)],
      another: [sign(ours, STRANGER), sign(others, STRANGER)]
    }
  }
}

function bundles(name: string, contents: Contents, making: Making, ...edits: Edit[]): Kind {
  return {
    name,
    ...signed(contents, making, edits),
    read: text => parseBundle(text, 'the bundle'),
    verify: read =>
      verifyBundle(read as Bundle, { roots, digest: digestOf(FILE), expect: contents.expect, signer })
  }
}

type Layer = Parameters<typeof parseLegacy>[0]

/** A layer as JSON: its payload in base64, and its annotations. */
function legacy(name: string, ...edits: Edit[]): Kind {
  const contents: Contents = {
    ours: { file: payloadOf(FILE) },
    others: { file: payloadOf(OTHER) },
    expect: { kind: 'message-signature' }
  }
  const { honest, donors } = signed(contents, REKOR_V1, [])
  const layer = (bundle: string, i: number): string => {
    const json: Json = {
      // As they were signed: ours, and the others' second.
      payload: payloadOf(i % 2 === 0 ? FILE : OTHER).toString('base64'),
      annotations: legacyAnnotations(parseBundle(bundle, 'the bundle'))
    }
    all(...edits)(json)
    return JSON.stringify(json)
  }
  return {
    name,
    honest: layer(honest, 0),
    donors: { same: donors.same.map(layer), another: donors.another.map(layer) },
    read: text => {
      const read = readLayer(text)
      return read && parseLegacy(read, 'the layer')
    },
    verify: read =>
      verifyLegacy(read as LegacySignature, {
        ...{ roots, signer },
        digest: imageOf(FILE),
        annotations: ANNOTATIONS
      })
  }
}

function payloadOf(file: Buffer): Buffer {
  return simpleSigning({ name: IMAGE, digest: imageOf(file), annotations: ANNOTATIONS })
}

// What is no layer with annotations of text never comes out of a registry's manifest.
function readLayer(text: string): Layer | undefined {
  let json: unknown
  try {
    json = parseJson(text, 'the manifest')
  } catch {
    return undefined
  }
  if (!isObject(json) || typeof json.payload !== 'string' || !isObject(json.annotations)) return
  const payload = Buffer.from(json.payload, 'base64')
  const annotations = Object.entries(json.annotations)
  if (payload.toString('base64') !== json.payload) return
  const texts = annotations.filter((each): each is [string, string] => typeof each[1] === 'string')
  return texts.length < annotations.length
    ? undefined
    : { payload, annotations: Object.fromEntries(texts) }
}

/** All kinds, as they exist: Rekor v2 and GitHub's instance came with v0.3. */
export const KINDS: readonly (() => Kind)[] = [
  () => bundles('message, v0.1, Rekor v1', FILES, REKOR_V1, v01),
  () => bundles('message, v0.2, Rekor v1', FILES, REKOR_V1, version('0.2')),
  () => bundles('message, v0.3, Rekor v1', FILES, REKOR_V1),
  () => bundles('message, v0.3, Rekor v2', FILES, REKOR_V2),
  () => bundles('message, v0.3, TSA only', FILES, GITHUBS),
  () => bundles('DSSE, v0.1, Rekor v1 (intoto)', STATEMENTS, INTOTO, v01, keyid),
  () => bundles('DSSE, v0.2, Rekor v1 (intoto)', STATEMENTS, INTOTO, version('0.2'), keyid),
  () => bundles('DSSE, v0.3, Rekor v1', STATEMENTS, REKOR_V1),
  () => bundles('DSSE, v0.3, Rekor v2', STATEMENTS, REKOR_V2),
  () => bundles('DSSE, v0.3, Rekor v2 (dsse)', STATEMENTS, DSSE_V2),
  () => bundles('DSSE, v0.3, TSA only', STATEMENTS, GITHUBS),
  () => bundles('image, v0.3, Rekor v2', IMAGES, REKOR_V2),
  () => legacy('image, legacy .sig'),
  () => bundles('model, v0.3, Rekor v1', MODELS, REKOR_V1),
  () => bundles('model, v0.3, Rekor v2', MODELS, REKOR_V2)
]
