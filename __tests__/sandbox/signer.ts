import { type KeyObject, createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { dsse } from '@sigstore/core'
import type { Sandbox } from '../../sandbox/client.ts'
import { context, element, integer, nil, octets, oid, sequence } from '../../sandbox/der.ts'

/** Requests made by hand, so that the sandbox is not checked with the code that it is there for. */

export type Entry = {
  body: string
  integratedTime: number
  logID: string
  logIndex: number
  verification: {
    inclusionProof: {
      checkpoint: string
      hashes: string[]
      logIndex: number
      rootHash: string
      treeSize: number
    }
    signedEntryTimestamp: string
  }
}

export type Envelope = { payloadType: string; payload: string; signatures: { sig: string }[] }

export type Hashedrekord = {
  apiVersion: string
  kind: string
  spec: {
    data: { hash: { algorithm: string; value: string } }
    signature: { content: string; publicKey: { content: string } }
  }
}

export type Identity = { key: KeyObject; certificates: string[] }

export const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString('base64')

export const sha256 = (value: string | Uint8Array): Buffer =>
  createHash('sha256').update(value).digest()

export const post = async (url: string, body: unknown): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body)
  })

export async function requestToken({ env }: Sandbox, audience = 'sigstore'): Promise<string> {
  const url = `${env.ACTIONS_ID_TOKEN_REQUEST_URL ?? ''}&audience=${audience}`
  const authorization = `Bearer ${env.ACTIONS_ID_TOKEN_REQUEST_TOKEN ?? ''}`
  const response = await fetch(url, { headers: { authorization } })
  return ((await response.json()) as { value: string }).value
}

export function claimsOf(token: string): Record<string, unknown> {
  const text = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return JSON.parse(text) as Record<string, unknown>
}

export function certificateRequest(
  token: string,
  subject = claimsOf(token).sub
): { key: KeyObject; body: unknown } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const content = publicKey.export({ format: 'pem', type: 'spki' })
  const proofOfPossession = base64(sign('sha256', Buffer.from(String(subject)), privateKey))
  return {
    key: privateKey,
    body: {
      credentials: { oidcIdentityToken: token },
      publicKeyRequest: { publicKey: { algorithm: 'ECDSA', content }, proofOfPossession }
    }
  }
}

export async function certify(sandbox: Sandbox): Promise<Identity> {
  const { key, body } = certificateRequest(await requestToken(sandbox))
  const response = await post(`${sandbox.urls.fulcio}/api/v2/signingCert`, body)
  const answer = (await response.json()) as {
    signedCertificateEmbeddedSct: { chain: { certificates: string[] } }
  }
  return { key, certificates: answer.signedCertificateEmbeddedSct.chain.certificates }
}

export function hashedrekord({ key, certificates }: Identity, artifact: Uint8Array): Hashedrekord {
  return {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value: sha256(artifact).toString('hex') } },
      signature: {
        content: base64(sign('sha256', artifact, key)),
        publicKey: { content: base64(certificates[0] ?? '') }
      }
    }
  }
}

export function envelope({ key }: Identity, payload: string): Envelope {
  const payloadType = 'application/vnd.in-toto+json'
  const signed = dsse.preAuthEncoding(payloadType, Buffer.from(payload))
  const sig = base64(sign('sha256', signed, key))
  return { payloadType, payload: base64(payload), signatures: [{ sig }] }
}

export const dsseEntry = ({ certificates }: Identity, of: Envelope): unknown => ({
  apiVersion: '0.0.1',
  kind: 'dsse',
  spec: {
    proposedContent: {
      envelope: JSON.stringify(of),
      verifiers: [base64(certificates[0] ?? '')]
    }
  }
})

export const propose = async ({ urls }: Sandbox, entry: unknown): Promise<Response> =>
  post(`${urls.rekor}/api/v1/log/entries`, entry)

export async function readEntry(response: Response): Promise<Entry & { uuid: string }> {
  const [found] = Object.entries((await response.json()) as Record<string, Entry>)
  if (found === undefined) throw new Error('no entry')
  return { uuid: found[0], ...found[1] }
}

export const IMPRINTS = {
  sha1: '1.3.14.3.2.26',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3'
}

export function timestampRequest(
  data: Uint8Array,
  hash: keyof typeof IMPRINTS,
  nonce?: bigint
): Buffer {
  const digest = createHash(hash).update(data).digest()
  return sequence(
    integer(1),
    sequence(sequence(oid(IMPRINTS[hash]), nil()), octets(digest)),
    ...(nonce === undefined ? [] : [integer(nonce)])
  )
}

export async function requestTimestamp({ urls }: Sandbox, request: Buffer): Promise<Response> {
  const headers = { 'content-type': 'application/timestamp-query' }
  const body = Uint8Array.from(request)
  return fetch(`${urls.tsa}/api/v1/timestamp`, { method: 'POST', headers, body })
}

export async function stamp(sandbox: Sandbox, data: Uint8Array): Promise<Buffer<ArrayBuffer>> {
  const nonce = BigInt(`0x${randomBytes(8).toString('hex')}`)
  const response = await requestTimestamp(sandbox, timestampRequest(data, 'sha256', nonce))
  return Buffer.from(await response.arrayBuffer())
}

/** A PKCS#10 request in PEM, as sigstore-python sends one. */
export function signingRequest(key: KeyObject, spki: Buffer): string {
  const info = sequence(integer(0), sequence(), spki, context(0))
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'))
  const signature = element(0x03, Buffer.from([0]), sign('sha256', info, key))
  const der = sequence(info, algorithm, signature).toString('base64')
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der}\n-----END CERTIFICATE REQUEST-----\n`
}
