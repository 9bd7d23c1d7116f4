import { describe, it } from '@jest/globals'
import fc from 'fast-check'
import { simpleSigning } from '../../src/statements/simple-signing.ts'
import { legacyAnnotations } from '../../src/statements/legacy-annotations.ts'
import { parseBundle, parseBundles } from '../../src/trust/bundle.ts'
import { parseJson, parseJsonBytes } from '../../src/trust/json.ts'
import { LEGACY_ANNOTATIONS, parseLegacy, verifyLegacy } from '../../src/trust/legacy.ts'
import { readModelStatement } from '../../src/trust/model.ts'
import { identityPolicy } from '../../src/trust/policy-inputs.ts'
import { parseTrustedRoots } from '../../src/trust/root.ts'
import { verifyBundle } from '../../src/trust/verify.ts'
import { digestOf, FILE, Instance, statement } from '../trust/instance.ts'
import { filesOf, MODEL, modelStatement, shardStatement } from '../trust/oms.ts'
import { expectOnlyOurs, mutants, textOf } from './property.ts'

const instance = new Instance()
const roots = instance.roots()
const identity = identityPolicy(
  {},
  { repositoryId: '640123001', workflowRef: 'o/r/w@refs/heads/m' }
)
const signer = { identity }

const digest = digestOf(FILE)

describe('JSON', () => {
  it('of any text', async () => {
    const text = textOf('{', '}', '[', ']', ',', ':', '"a"', '"\\u0061"', '"', '\\', '0', ' ')
    await expectOnlyOurs(text, each => parseJson(each, 'x'))
  })

  it('of any bytes', async () => {
    await expectOnlyOurs(fc.uint8Array(), bytes => parseJsonBytes(bytes, 'x'))
  })
})

describe('bundles', () => {
  it.each([
    ['a message signature', instance.sign()],
    ['a message signature in Rekor v2', instance.sign({ log: 'v2' })],
    ['a statement', instance.sign({ statement: statement() })]
  ])('like %s', async (_, bundle) => {
    await expectOnlyOurs(mutants(bundle), async text => {
      await verifyBundle(parseBundle(text, 'b'), { roots, digest, expect: { kind: 'any' }, signer })
    })
  })

  it('in a file of several', async () => {
    const line = JSON.stringify(instance.sign())
    await expectOnlyOurs(textOf(line, '\n', '\r\n', ' ', '{}', '\0'), text => {
      parseBundles(text, 'b.jsonl')
    })
  })

  it('around a statement that was changed', async () => {
    await expectOnlyOurs(mutants(statement()), async text => {
      const bundle = instance.sign({ statement: '@' }) as { dsseEnvelope: { payload: string } }
      bundle.dsseEnvelope.payload = Buffer.from(text).toString('base64')
      await verifyBundle(parseBundle(JSON.stringify(bundle), 'b'), {
        roots,
        digest,
        expect: { kind: 'image-signature', annotations: { a: 'b' } },
        signer
      })
    })
  })
})

describe('trusted roots', () => {
  it('like ours', async () => {
    await expectOnlyOurs(mutants(instance.rootJson()), text => parseTrustedRoots(text, 'root.json'))
  })
})

describe('OMS statements', () => {
  const payloadType = 'application/vnd.in-toto+json'

  it.each([
    ['files', modelStatement(MODEL)],
    ['shards', shardStatement(MODEL, 4)]
  ])('of %s', async (_, json) => {
    await expectOnlyOurs(mutants(json), text => {
      readModelStatement({ payloadType, payload: Buffer.from(text) })
    })
  })

  it('that a trusted signer signed', async () => {
    const key = instance.log
    await expectOnlyOurs(mutants(modelStatement(MODEL)), async text => {
      const bundle = instance.sign({ statement: '@', key, log: 'none' }) as {
        dsseEnvelope: { payload: string }
      }
      bundle.dsseEnvelope.payload = Buffer.from(text).toString('base64')
      await verifyBundle(parseBundle(JSON.stringify(bundle), 'b'), {
        roots: [],
        digest,
        expect: { kind: 'model', files: filesOf(MODEL) },
        signer: { key: key.publicKey }
      })
    })
  })
})

describe("layers of cosign's older form", () => {
  const DIGEST = `sha256:${'a'.repeat(64)}`
  const payload = simpleSigning({ name: 'ghcr.io/o/app', digest: DIGEST, annotations: { a: '1' } })
  const annotations = legacyAnnotations(
    parseBundle(JSON.stringify(instance.sign({ file: payload })), 'b')
  )
  const asked = { roots, digest: DIGEST, annotations: {}, signer }

  it('with a payload that was changed', async () => {
    await expectOnlyOurs(mutants(JSON.parse(payload.toString())), async text => {
      const layer = { payload: Buffer.from(text), annotations }
      await verifyLegacy(parseLegacy(layer, 'layer 1'), asked)
    })
  })

  it('with annotations that were changed', async () => {
    const keys = fc.constantFrom(...Object.values(LEGACY_ANNOTATIONS), '__proto__')
    const entry: unknown = JSON.parse(annotations[LEGACY_ANNOTATIONS.bundle] ?? '')
    const pem = textOf(annotations[LEGACY_ANNOTATIONS.certificate] ?? '', '-----', ' ', '\n', 'A=')
    const inputs = fc.tuple(keys, fc.oneof(mutants(entry), pem))
    await expectOnlyOurs(inputs, async ([key, value]) => {
      const layer = { payload, annotations: { ...annotations, [key]: value } }
      await verifyLegacy(parseLegacy(layer, 'layer 1'), asked)
    })
  })
})

describe('identity inputs', () => {
  const inputs = {
    certificateIdentityRegexp: textOf(
      '(',
      ')',
      '[',
      ']',
      'a?',
      '.*',
      '{1000}',
      '\\pL',
      '|',
      '(?i)',
      '^'
    ),
    signerWorkflow: textOf('.github/workflows/', 'x.yml', '@', 'refs/heads/', '/', 'o'),
    repository: textOf('o', '/', '.', '-')
  }

  it.each(Object.entries(inputs))('%s', async (name, text) => {
    const found = instance.sign()
    await expectOnlyOurs(text, async value => {
      const policy = identityPolicy({ [name]: value.slice(0, 100_000) }, { repositoryId: '1' })
      await verifyBundle(parseBundle(JSON.stringify(found), 'b'), {
        roots,
        digest,
        expect: { kind: 'any' },
        signer: { identity: policy }
      })
    })
  })
})
