import {
  createHash,
  generateKeyPairSync,
  sign,
  type KeyObject,
  type KeyPairKeyObjectResult
} from 'node:crypto'
import { dsse, json as canonicalJson } from '@sigstore/core'
import { p256 } from '@noble/curves/nist.js'
import {
  createCodeSigningAuthority,
  createTimestampAuthority,
  type Authority
} from '../../sandbox/authority.ts'
import {
  certify,
  extension,
  keyIdentifiers,
  name,
  newSerial,
  pem,
  sha256,
  spki,
  toBeSigned,
  usage,
  type Fields
} from '../../sandbox/certificate.ts'
import { DEFAULT_CLAIMS, ISSUER, type Claims } from '../../sandbox/claims.ts'
import { createCtLog, sctExtension, type CtLog } from '../../sandbox/ct-log.ts'
import * as der from '../../sandbox/der.ts'
import { fulcioExtensions, subjectAlternativeName } from '../../sandbox/fulcio-extensions.ts'
import { leafHash, MerkleTree } from '../../sandbox/merkle.ts'
import { timestamp } from '../../sandbox/timestamp.ts'
import { trustedRoot } from '../../sandbox/trust.ts'
import type { Digester } from '../../src/trust/digester.ts'
import { parseTrustedRoots, type TrustedRoot } from '../../src/trust/root.ts'
import { all, type Edit, type Json } from './edit.ts'

const HOST = 'log.test'
const V2_HOST = 'v2.log.test'
const IN_TOTO = 'application/vnd.in-toto+json'

export const FILE = Buffer.from('the bytes of a model\n')
export const PREDICATE = 'https://slsa.dev/provenance/v1'

/** What is made otherwise than by an honest signer with an honest Sigstore. */
export type Differences = {
  claims?: Claims
  /** The leaf's extensions, instead of those that Fulcio writes. */
  extensions?: (honest: Buffer[]) => Buffer[]
  sct?: boolean
  /** The leaf's issuer, instead of this instance's Fulcio. */
  ca?: Authority
  /** What is signed: the file itself, or a statement about it. */
  file?: Buffer
  statement?: unknown
  payloadType?: string
  /** `by key`: no certificate. */
  key?: KeyPairKeyObjectResult
  log?: 'v1' | 'v2' | 'none'
  /** Changes the body before it is logged, so that all proofs are of what was changed. */
  body?: Edit
  /** How the body of an entry of v1 is laid out; by what was signed when absent. */
  kind?: 'hashedrekord' | 'dsse' | 'intoto'
  origin?: string
  /** Of the entry in its log, from 0; 2 when absent. */
  index?: number
  timestamp?: boolean
  /** The timestamp brings its authority's certificates. */
  embedded?: boolean
  /** When it was signed; now when absent. */
  at?: Date
  /** When the witnesses saw it. */
  witnessed?: Date
}

/** A Sigstore of its own keys, which signs bundles here and now. */
export class Instance {
  readonly fulcio: Authority
  readonly tsa = createTimestampAuthority()
  readonly ctLog: CtLog = createCtLog()
  readonly log = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  readonly v2 = generateKeyPairSync('ed25519')

  /** @param organization what the CA calls itself, otherwise than the sandbox's */
  constructor(organization?: string) {
    const fulcio = createCodeSigningAuthority()
    this.fulcio = organization === undefined ? fulcio : renamed(fulcio, organization)
  }

  /** The instance's trusted root in JSON. */
  rootJson(): Json {
    const urls = {
      fulcio: 'https://ca.test',
      rekor: `https://${HOST}`,
      rekor2: `https://${V2_HOST}`,
      tsa: 'https://tsa.test',
      oidc: '',
      tuf: ''
    }
    const root = trustedRoot(urls, {
      fulcio: this.fulcio,
      tsa: this.tsa,
      rekor: this.log.publicKey,
      rekor2: { publicKey: this.v2.publicKey, logId: this.#v2Id() },
      ctLog: this.ctLog.publicKey
    })
    return JSON.parse(JSON.stringify(root)) as Json
  }

  roots(...edits: Edit[]): TrustedRoot[] {
    const root = this.rootJson()
    all(...edits)(root)
    return parseTrustedRoots(JSON.stringify(root), 'the root')
  }

  /** A bundle of version 0.3 in JSON. */
  sign(o: Differences = {}): Json {
    const then = seconds(o.at ?? new Date())
    const witnessed = seconds(o.witnessed ?? then)
    const key = o.key ?? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const leaf = o.key ? undefined : this.#certify(key.publicKey, then, o)
    const payload = Buffer.from(o.statement === undefined ? '' : text(o.statement))
    const payloadType = o.payloadType ?? IN_TOTO
    const file = o.file ?? FILE
    const signed = o.statement === undefined ? file : dsse.preAuthEncoding(payloadType, payload)
    const signature = sign('sha256', signed, key.privateKey)
    const verifier = leaf ? { certificate: leaf } : { key: key.publicKey }

    const entry = this.#entry({ ...o, payload, signed, signature, verifier, witnessed })
    return {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: {
        ...(leaf
          ? { certificate: { rawBytes: leaf.toString('base64') } }
          : { publicKey: { hint: 'a hint' } }),
        ...(entry && { tlogEntries: [entry] }),
        ...(o.timestamp !== false && {
          timestampVerificationData: {
            rfc3161Timestamps: [
              { signedTimestamp: this.stamp(signature, witnessed, this.tsa, o.embedded) }
            ]
          }
        })
      },
      ...(o.statement === undefined
        ? {
            messageSignature: {
              messageDigest: { algorithm: 'SHA2_256', digest: sha256(file).toString('base64') },
              signature: signature.toString('base64')
            }
          }
        : {
            dsseEnvelope: {
              payload: payload.toString('base64'),
              payloadType,
              signatures: [{ sig: signature.toString('base64') }]
            }
          })
    }
  }

  /** A timestamp of this instance's authority, in base64. */
  stamp(signature: Buffer, at: Date, authority = this.tsa, certificates = false): string {
    const algorithm = der.sequence(der.oid('2.16.840.1.101.3.4.2.1'), der.nil())
    const imprint = der.sequence(algorithm, der.octets(sha256(signature)))
    return timestamp(authority, { imprint, certificates }, at).toString('base64')
  }

  #certify(publicKey: KeyObject, at: Date, o: Differences): Buffer {
    const ca = o.ca ?? this.fulcio
    const claims = { iss: ISSUER, ...DEFAULT_CLAIMS, ...o.claims }
    const honest = [
      usage.digitalSignature,
      usage.codeSigning,
      ...keyIdentifiers(publicKey, ca.publicKey),
      subjectName(subjectAlternativeName(claims)),
      ...fulcioExtensions(claims)
    ]
    const fields: Fields = {
      issuer: ca.name,
      subject: der.sequence(),
      notBefore: new Date(at.getTime() - 60_000),
      notAfter: new Date(at.getTime() + 9 * 60_000),
      publicKey,
      serial: newSerial(),
      extensions: o.extensions?.(honest) ?? honest
    }
    if (o.sct === false) return certify(fields, ca.key)
    const precert = { toBeSigned: toBeSigned(fields, ca.key), issuer: ca.publicKey }
    const sct = sctExtension(this.ctLog.promise(precert, at))
    return certify({ ...fields, extensions: [...fields.extensions, sct] }, ca.key)
  }

  #entry(o: Differences & Made): Json | undefined {
    const log = o.log ?? 'v1'
    if (log === 'none') return undefined
    const body = log === 'v1' ? bodyV1(o) : bodyV2(o)
    o.body?.(body)
    const leaf = Buffer.from(canonicalJson.canonicalize(body))
    // Some leaves around it, so that the proof has hashes.
    const tree = new MerkleTree()
    const index = o.index ?? 2
    const before = Array.from({ length: index }, (_, i) => Buffer.from(`leaf ${i}`))
    for (const each of [...before, leaf, Buffer.from('the next')]) tree.append(leafHash(each))
    const id = log === 'v1' ? sha256(spki(this.log.publicKey)) : this.#v2Id()
    const origin = o.origin ?? (log === 'v1' ? `${HOST} - 1234567` : V2_HOST)
    const note = `${origin}\n${tree.size}\n${tree.root().toString('base64')}\n`
    const signature =
      log === 'v1'
        ? sign('sha256', Buffer.from(note), this.log.privateKey)
        : sign(null, Buffer.from(note), this.v2.privateKey)
    const name = log === 'v1' ? HOST : V2_HOST
    const line = Buffer.concat([id.subarray(0, 4), signature]).toString('base64')
    const time = Math.floor(o.witnessed.getTime() / 1000)
    const globalIndex = log === 'v1' ? 1000 + index : index
    return {
      logIndex: String(globalIndex),
      logId: { keyId: id.toString('base64') },
      kindVersion: { kind: body.kind, version: body.apiVersion },
      ...(log === 'v1' && {
        integratedTime: String(time),
        inclusionPromise: { signedEntryTimestamp: this.#promise(leaf, time, id, globalIndex) }
      }),
      inclusionProof: {
        logIndex: String(index),
        rootHash: tree.root().toString('base64'),
        treeSize: String(tree.size),
        hashes: tree.inclusionProof(index).map(hash => hash.toString('base64')),
        checkpoint: { envelope: `${note}\n\u2014 ${name} ${line}\n` }
      },
      canonicalizedBody: leaf.toString('base64')
    }
  }

  #promise(leaf: Buffer, integratedTime: number, id: Buffer, logIndex: number): string {
    const body = leaf.toString('base64')
    const promised = { body, integratedTime, logID: id.toString('hex'), logIndex }
    const text = Buffer.from(canonicalJson.canonicalize(promised))
    return sign('sha256', text, this.log.privateKey).toString('base64')
  }

  #v2Id(): Buffer {
    const raw = spki(this.v2.publicKey).subarray(-32)
    return sha256(Buffer.concat([Buffer.from(`${V2_HOST}\n\u0001`), raw]))
  }
}

type Made = {
  payload: Buffer
  signed: Buffer
  signature: Buffer
  verifier: { certificate: Buffer } | { key: KeyObject }
  witnessed: Date
}

function bodyV1(o: Differences & Made): Json {
  const verifier = base64(
    'certificate' in o.verifier
      ? pem(o.verifier.certificate)
      : String(o.verifier.key.export({ type: 'spki', format: 'pem' }))
  )
  const signature = base64(o.signature)
  const hash = (data: Buffer): Json => ({
    algorithm: 'sha256',
    value: sha256(data).toString('hex')
  })
  switch (o.kind ?? (o.statement === undefined ? 'hashedrekord' : 'dsse')) {
    case 'hashedrekord':
      return {
        apiVersion: '0.0.1',
        kind: 'hashedrekord',
        spec: {
          data: { hash: hash(o.signed) },
          signature: { content: signature, publicKey: { content: verifier } }
        }
      }
    case 'dsse':
      return {
        apiVersion: '0.0.1',
        kind: 'dsse',
        spec: {
          envelopeHash: hash(Buffer.from('the envelope')),
          payloadHash: hash(o.payload),
          signatures: [{ signature, verifier }]
        }
      }
    case 'intoto':
      return {
        apiVersion: '0.0.2',
        kind: 'intoto',
        spec: {
          content: {
            envelope: {
              payloadType: IN_TOTO,
              signatures: [{ publicKey: verifier, sig: base64(signature) }]
            },
            hash: hash(Buffer.from('the envelope')),
            payloadHash: hash(o.payload)
          }
        }
      }
  }
}

function bodyV2(o: Differences & Made): Json {
  return {
    apiVersion: '0.0.2',
    kind: 'hashedrekord',
    spec: {
      hashedRekordV002: {
        data: { algorithm: 'SHA2_256', digest: base64(sha256(o.signed)) },
        signature: {
          content: base64(o.signature),
          verifier: {
            keyDetails: 'PKIX_ECDSA_P256_SHA_256',
            ...('certificate' in o.verifier
              ? { x509Certificate: { rawBytes: base64(o.verifier.certificate) } }
              : { publicKey: { rawBytes: base64(spki(o.verifier.key)) } })
          }
        }
      }
    }
  }
}

/** A statement about the file. */
export function statement(changes: Json = {}): Json {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'model', digest: { sha256: sha256(FILE).toString('hex') } }],
    predicateType: PREDICATE,
    predicate: {},
    ...changes
  }
}

export function digestOf(data: Uint8Array): Digester {
  return algorithm => Promise.resolve(createHash(algorithm).update(data).digest('hex'))
}

export const subjectName = (uri: string): Buffer =>
  extension('2.5.29.17', der.sequence(der.element(0x86, Buffer.from(uri))), true)

/** Another key under which the same ECDSA signature of the same digest verifies (SEC 1 §4.1.6). */
export function otherKeyOf(signature: Buffer, digest: Buffer, own: Buffer): Buffer {
  const parsed = p256.Signature.fromBytes(signature, 'der')
  const keys = [0, 1].map(bit => {
    const point = parsed.addRecoveryBit(bit).recoverPublicKey(digest).toBytes(false)
    return Buffer.concat([own.subarray(0, own.length - 65), point])
  })
  const other = keys.find(key => !key.equals(own))
  if (!other) throw new Error('no other key')
  return other
}

// A root of another name: the sandbox's CA has one name only.
function renamed(ca: Authority, organization: string): Authority {
  const subject = name(organization, 'a root')
  const root = certify(
    {
      issuer: subject,
      subject,
      notBefore: new Date(Date.now() - 86_400_000),
      notAfter: new Date(Date.now() + 86_400_000),
      publicKey: ca.publicKey,
      serial: newSerial(),
      extensions: [
        extension('2.5.29.19', der.sequence(der.boolean(true), der.integer(0)), true),
        usage.certificateAndCrlSign,
        ...keyIdentifiers(ca.publicKey, ca.publicKey)
      ]
    },
    ca.key
  )
  return { ...ca, organization, name: subject, chain: [root] }
}

const base64 = (data: Uint8Array | string): string => Buffer.from(data).toString('base64')
const seconds = (at: Date): Date => new Date(Math.floor(at.getTime() / 1000) * 1000)
const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
