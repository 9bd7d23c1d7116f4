import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { legacyAnnotations } from '../../src/statements/legacy-annotations.ts'
import { simpleSigning } from '../../src/statements/simple-signing.ts'
import { pem, spki } from '../../sandbox/certificate.ts'
import { parseBundle } from '../../src/trust/bundle.ts'
import { LEGACY_ANNOTATIONS, parseLegacy, verifyLegacy } from '../../src/trust/legacy.ts'
import { readPem } from '../../src/trust/pem.ts'
import { identityPolicy } from '../../src/trust/policy-inputs.ts'
import type { TrustedRoot } from '../../src/trust/root.ts'
import type { VerifiedIdentity } from '../../src/trust/verify.ts'
import { put, textAt, type Json } from './edit.ts'
import { Instance, otherKeyOf, type Differences } from './instance.ts'
import { codeOf } from './refusal.ts'

const { signature, certificate, chain, bundle, timestamp } = LEGACY_ANNOTATIONS

type Layer = { payload: Buffer; annotations: Record<string, string> }
type Asked = {
  roots?: TrustedRoot[]
  digest?: string
  annotations?: Record<string, string>
  workflowRef?: string
}

const instance = new Instance()
const stranger = new Instance()
const DIGEST = `sha256:${'a'.repeat(64)}`
const WORKFLOW = 'octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'

const payloadOf = (annotations: Record<string, string> = {}, digest = DIGEST): Buffer =>
  simpleSigning({ name: 'ghcr.io/o/app', digest, annotations })

/** A layer as an honest signer has it, but for the differences. */
function layer(o: Differences = {}, payload = payloadOf({ a: '1' })): Layer {
  const signed = instance.sign({ file: payload, ...o })
  const annotations = legacyAnnotations(parseBundle(JSON.stringify(signed), 'b'))
  return { payload, annotations }
}

/** A layer with an annotation put in place of its own, or without it. */
function having(key: string, value: string | undefined, from = layer()): Layer {
  const annotations = { ...from.annotations }
  if (value === undefined) Reflect.deleteProperty(annotations, key)
  else annotations[key] = value
  return { ...from, annotations }
}

/** The JSON in an annotation, changed. */
function edited(key: string, path: string, value: unknown, from = layer()): Layer {
  const json = JSON.parse(from.annotations[key] ?? '') as Json
  put(path, value)(json)
  return having(key, JSON.stringify(json), from)
}

async function verify(layer: Layer, asked: Asked = {}): Promise<VerifiedIdentity> {
  const workflowRef = asked.workflowRef ?? WORKFLOW
  return verifyLegacy(parseLegacy(layer, 'layer 1'), {
    roots: asked.roots ?? instance.roots(),
    digest: asked.digest ?? DIGEST,
    annotations: asked.annotations ?? {},
    signer: { identity: identityPolicy({}, { repositoryId: '640123001', workflowRef }) }
  })
}

async function refusal(layer: Layer, asked?: Asked): Promise<string> {
  try {
    await verify(layer, asked)
    return 'verified'
  } catch (error) {
    return codeOf(error)
  }
}

describe('a legacy signature', () => {
  it('is believed, and tells who signed what, when, and which log entry shows it', async () => {
    await expect(verify(layer(), { annotations: { a: '1' } })).resolves.toMatchObject({
      identity: { subjectAlternativeName: `https://github.com/${WORKFLOW}` },
      times: [{ source: 'rekor' }, { source: 'timestamp-authority' }],
      logEntry: { url: 'https://log.test', version: 'v1', index: '1002' },
      annotations: { a: '1' }
    })
  })

  it.each<[string, Layer]>([
    ['no timestamp', having(timestamp, undefined)],
    ['an empty timestamp', having(timestamp, '')],
    ['no chain', having(chain, undefined)],
    ['a chain, which is not read', having(chain, stranger.fulcio.chain.map(pem).join(''))],
    ['no annotations', layer({}, payloadOf())],
    ['annotations of another tool', having('org.example/any', 'x'.repeat(100_000))],
    [
      'a payload that says when and by what it was made, as that of podman',
      layer({}, withOptional({ creator: 'podman', timestamp: 1_700_000_000 }))
    ]
  ])('may have %s', async (_, layer) => {
    await expect(refusal(layer)).resolves.toBe('verified')
  })

  it('rests on a timestamp where the instance has no log', async () => {
    const bare = instance.roots(put('tlogs', []))
    await expect(refusal(having(bundle, undefined), { roots: bare })).resolves.toBe('verified')
  })
})

function withOptional(optional: unknown): Buffer {
  const json = JSON.parse(payloadOf().toString()) as Json
  return Buffer.from(JSON.stringify({ ...json, optional }))
}

describe('parseLegacy refuses', () => {
  const payload = (path: string, value: unknown): Layer => {
    const json = JSON.parse(payloadOf().toString()) as Json
    put(path, value)(json)
    return layer({}, Buffer.from(JSON.stringify(json)))
  }
  const honest = payloadOf().toString()
  const raw = (text: string | Buffer): Layer => layer({}, Buffer.from(text))
  const leaf = layer().annotations[certificate] ?? ''
  const publicKey = String(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
      type: 'spki',
      format: 'pem'
    })
  )
  const entry = layer().annotations[bundle] ?? ''

  it.each<[string, string, Layer]>([
    [
      'NOT_AN_IMAGE_SIGNATURE',
      'another type',
      payload('critical.type', 'atomic container signature')
    ],
    ['FIELD_INVALID', 'a type that is a number', payload('critical.type', 1)],
    [
      'FIELD_INVALID',
      'a digest that is a list',
      payload('critical.image.docker-manifest-digest', [DIGEST])
    ],
    ['FIELD_INVALID', 'no reference', payload('critical.identity', {})],
    ['UNKNOWN_FIELD', 'a field more', payload('critical.image.digest', DIGEST)],
    ['UNKNOWN_FIELD', 'a field more at the top', payload('digest', DIGEST)],
    ['FIELD_INVALID', 'optional that is a list', payload('optional', [])],
    ['FIELD_INVALID', 'optional that is text', payload('optional', 'a')],
    ['FIELD_INVALID', 'no optional', raw(honest.replace(',"optional":null', ''))],
    [
      'JSON_DUPLICATE_KEY',
      'a payload that says two things',
      raw(honest.replace('"type"', '"type":"","type"'))
    ],
    ['JSON_INVALID', 'a payload that is no JSON', raw('hello')],
    [
      'JSON_INVALID',
      'a payload that is not UTF-8',
      raw(Buffer.concat([Buffer.from(honest), Buffer.of(0xff)]))
    ],
    ['FIELD_INVALID', 'no signature', having(signature, undefined)],
    ['FIELD_INVALID', 'an empty signature, as that of an attestation', having(signature, '')],
    ['FIELD_INVALID', 'a signature that is not base64', having(signature, 'MEU_-')],
    ['FIELD_INVALID', 'two certificates', having(certificate, leaf + leaf)],
    ['FIELD_INVALID', 'a public key as certificate', having(certificate, publicKey)],
    ['FIELD_INVALID', 'a certificate in DER', having(certificate, 'MII=')],
    ['FIELD_INVALID', 'a huge certificate', having(certificate, leaf + '\n'.repeat(70_000))],
    ['FIELD_INVALID', 'a huge chain', having(chain, 'x'.repeat(70_000))],
    ['FIELD_INVALID', 'a huge entry', having(bundle, entry + ' '.repeat(70_000))],
    ['FIELD_INVALID', 'a huge timestamp', having(timestamp, ' '.repeat(70_000))],
    ['JSON_INVALID', 'an entry that is no JSON', having(bundle, 'x')],
    [
      'JSON_DUPLICATE_KEY',
      'an entry that says two things',
      having(bundle, entry.replace('"logID"', '"logID":"","logID"'))
    ],
    ['UNKNOWN_FIELD', 'a field more in the entry', edited(bundle, 'proof', '')],
    [
      'UNKNOWN_FIELD',
      'a field in another spelling',
      having(bundle, entry.replace('"logID"', '"logid"'))
    ],
    [
      'FIELD_INVALID',
      'no promise',
      having(bundle, entry.replace(/"SignedEntryTimestamp":"[^"]*",/, ''))
    ],
    ['FIELD_INVALID', 'a body that is an object', edited(bundle, 'Payload.body', {})],
    ['FIELD_INVALID', 'a time before 1970', edited(bundle, 'Payload.integratedTime', -1)],
    ['FIELD_INVALID', 'half an index', edited(bundle, 'Payload.logIndex', 0.5)],
    ['FIELD_INVALID', 'a log in base64', edited(bundle, 'Payload.logID', 'A'.repeat(64))],
    ['UNKNOWN_FIELD', 'a field more in the timestamp', edited(timestamp, 'other', '')],
    ['FIELD_INVALID', 'no timestamp in the timestamp', having(timestamp, '{}')]
  ])('%s: %s', (code, _, layer) => {
    expect(() => parseLegacy(layer, 'layer 1')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining('layer 1') })
    )
  })
})

it('names the annotation that is missing', () => {
  expect(() => parseLegacy(having(signature, undefined), 'layer 1')).toThrow(
    'The annotation dev.cosignproject.cosign/signature of layer 1 is missing.'
  )
})

describe('verifyLegacy refuses', () => {
  const other = layer()
  const past = new Date(Date.now() - 3_600_000)
  const of = (key: string, from = other): Layer => having(key, from.annotations[key])

  it.each<[string, string, Layer, Asked?]>([
    ['SUBJECT_MISMATCH', 'that of another image', layer(), { digest: `sha256:${'b'.repeat(64)}` }],
    [
      'SUBJECT_MISMATCH',
      'an image that only the optional part names',
      layer({}, payloadOf({ 'docker-manifest-digest': DIGEST }, 'sha256:x'))
    ],
    ['ANNOTATION_MISMATCH', 'another value', layer(), { annotations: { a: '2' } }],
    ['ANNOTATION_MISMATCH', 'no such annotation', layer(), { annotations: { b: '1' } }],
    [
      'ANNOTATION_MISMATCH',
      'a number for text',
      layer({}, withOptional({ a: 1 })),
      { annotations: { a: '1' } }
    ],
    [
      'ANNOTATION_MISMATCH',
      'one of the layer, which nobody signed',
      having('b', '1'),
      { annotations: { b: '1' } }
    ],
    ['SIGNATURE_INVALID', 'another payload', { ...layer(), payload: payloadOf({ a: '2' }) }],
    ['SIGNATURE_INVALID', 'the signature of another layer', of(signature)],
    ['SIGNATURE_INVALID', 'the certificate of another layer', of(certificate)],
    ['LOG_BODY_SIGNATURE', 'the log entry of another layer', of(bundle)],
    ['TIMESTAMP_INVALID', 'the timestamp of another layer', of(timestamp)],
    ['BUNDLE_HAS_KEY', 'a signature without certificate', having(certificate, undefined)],
    ['BUNDLE_HAS_KEY', 'a signature with an empty one', having(certificate, '')],
    ['LOG_ENTRY_MISSING', 'no log entry', having(bundle, undefined)],
    ['LOG_ENTRY_MISSING', 'an empty one', having(bundle, '')],
    [
      'LOG_PROMISE_INVALID',
      'another time',
      edited(bundle, 'Payload.integratedTime', Math.floor(Date.now() / 1000) + 60)
    ],
    ['LOG_PROMISE_INVALID', 'another index', edited(bundle, 'Payload.logIndex', 5)],
    ['LOG_PROMISE_INVALID', 'an empty promise', edited(bundle, 'SignedEntryTimestamp', 'AAAA')],
    ['LOG_UNKNOWN', 'another log', edited(bundle, 'Payload.logID', 'b'.repeat(64))],
    [
      'LOG_BODY_DIGEST',
      'an entry about other bytes',
      layer({ body: put('spec.data.hash.value', 'f'.repeat(64)) })
    ],
    ['LOG_ENTRY_INVALID', 'an entry of another kind', layer({ body: put('kind', 'rekord') })],
    ['SCT_MISSING', 'no SCT', layer({ sct: false })],
    ['UNKNOWN_AUTHORITY', 'another instance', layer(), { roots: stranger.roots() }],
    [
      'CERTIFICATE_NOT_VALID_THEN',
      'a time after the certificate',
      layer({ at: past, witnessed: new Date() })
    ],
    ['IDENTITY_MISMATCH', 'another identity', layer(), { workflowRef: `${WORKFLOW}s` }]
  ])('%s: %s', async (code, _, layer, asked = {}) => {
    await expect(refusal(layer, asked)).resolves.toBe(code)
  })

  it('POLICY_INVALID: a policy that asks for nothing', async () => {
    const options = { roots: instance.roots(), digest: DIGEST, annotations: {} }
    const signer = { identity: { requirements: [] } }
    const verified = verifyLegacy(parseLegacy(layer(), 'layer 1'), { ...options, signer })
    await expect(verified).rejects.toMatchObject({ code: 'POLICY_INVALID' })
  })

  it('TIME_MISSING: neither log nor timestamp where the instance has no log', async () => {
    const bare = instance.roots(put('tlogs', []))
    const neither = having(bundle, undefined, having(timestamp, undefined))
    await expect(refusal(neither, { roots: bare })).resolves.toBe('TIME_MISSING')
  })

  // CVE-2026-22703's family: anyone can log the signature under a key that fits it.
  it('LOG_BODY_KEY: an entry under another key for which the signature verifies', async () => {
    const swapped = layer({
      body: body => {
        const content = 'spec.signature.publicKey.content'
        const made = readPem(Buffer.from(textAt(body, content), 'base64').toString())
        if (!made || !('certificate' in made)) throw new Error('no certificate')
        const own = spki(new X509Certificate(made.certificate).publicKey)
        const digest = Buffer.from(textAt(body, 'spec.data.hash.value'), 'hex')
        const signed = Buffer.from(textAt(body, 'spec.signature.content'), 'base64')
        const key = otherKeyOf(signed, digest, own).toString('base64')
        const text = `-----BEGIN PUBLIC KEY-----\n${key}\n-----END PUBLIC KEY-----\n`
        put(content, Buffer.from(text).toString('base64'))(body)
      }
    })
    await expect(refusal(swapped)).resolves.toBe('LOG_BODY_KEY')
  })
})

describe('whatever is flipped in a layer', () => {
  it('is refused', async () => {
    const honest = layer()
    const flip = (text: string, i: number): string =>
      text.slice(0, i) + (text[i] === 'A' ? 'B' : 'A') + text.slice(i + 1)
    // Of a timestamp only the middle: parts of a CMS message, such as its list of digest algorithms,
    // are under no signature and say nothing.
    const stamp = honest.annotations[timestamp] ?? ''
    const changes = [having(timestamp, flip(stamp, stamp.length >> 1), honest)]
    const all = [signature, certificate, bundle].flatMap(key => {
      const value = honest.annotations[key] ?? ''
      // at places all over it
      return Array.from({ length: 16 }, (_, i) =>
        having(key, flip(value, Math.floor(((i + 0.5) * value.length) / 16)), honest)
      )
    })
    changes.push(...all)
    for (let i = 0; i < honest.payload.length; i += 7) {
      const payload = Buffer.from(honest.payload)
      payload[i] = (payload[i] ?? 0) ^ 1
      changes.push({ ...honest, payload })
    }
    const codes = await Promise.all(changes.map(each => refusal(each)))
    expect(codes.filter(code => !/^[A-Z0-9_]+$/.test(code))).toEqual([])
    expect(codes.length).toBeGreaterThan(80)
  })
})
