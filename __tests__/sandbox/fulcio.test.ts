import { X509Certificate, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { ASN1Obj, X509Certificate as CoreCertificate } from '@sigstore/core'
import { type Fault, type Sandbox, startSandbox } from '../../sandbox/client.ts'
import {
  base64,
  certificateRequest,
  certify,
  post,
  requestToken,
  sha256,
  signingRequest
} from './signer.ts'

const ISSUER = 'https://token.actions.githubusercontent.com'
const TOKEN_REFUSED = 'There was an error processing the identity token'
const PROOF_REFUSED = 'The signature supplied in the request could not be verified'

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ claims: { environment: 'production' } })
})
afterEach(async () => sandbox.clearFaults())
afterAll(async () => sandbox.stop())

const ask = async (body: unknown): Promise<{ status: number; message?: string }> => {
  const response = await post(`${sandbox.urls.fulcio}/api/v2/signingCert`, body)
  return { status: response.status, ...((await response.json()) as { message?: string }) }
}

const issued = async (): Promise<{ leaf: CoreCertificate; chain: X509Certificate[] }> => {
  const { certificates } = await certify(sandbox)
  const leaf = CoreCertificate.parse(certificates[0] ?? '')
  return { leaf, chain: certificates.map(pem => new X509Certificate(pem)) }
}

const sctsVerified = async ({ leaf, chain }: Awaited<ReturnType<typeof issued>>) => {
  const root = JSON.parse(await readFile(sandbox.trustedRoot, 'utf8')) as {
    ctlogs: { publicKey: { rawBytes: string }; logId: { keyId: string } }[]
  }
  const logKey = Buffer.from(root.ctlogs[0]?.publicKey.rawBytes ?? '', 'base64')
  const [sct] = leaf.extSCT?.signedCertificateTimestamps ?? []
  if (sct === undefined) return 'none'
  // The precertificate of RFC 6962 §3.2: the issuer's key hash, and the TBS without its SCTs.
  const tbs = leaf.clone().tbsCertificate
  const extensions = tbs.subs.at(-1)?.subs[0]
  const at = extensions?.subs.findIndex(e => e.subs[0]?.toOID() === '1.3.6.1.4.1.11129.2.4.2') ?? -1
  extensions?.subs.splice(at, 1)
  const bytes = tbs.toDER()
  const issuerKey = chain[1]?.publicKey.export({ format: 'der', type: 'spki' })
  const precert = Buffer.concat([
    sha256(issuerKey ?? ''),
    Buffer.from(bytes.length.toString(16).padStart(6, '0'), 'hex'),
    bytes
  ])
  return sct.verify(precert, createPublicKey({ key: logKey, format: 'der', type: 'spki' }))
}

describe('Fulcio', () => {
  it('issues a leaf of ten minutes below an intermediate and a root', async () => {
    const { leaf, chain } = await issued()
    const [certificate, intermediate, root] = chain
    expect(chain).toHaveLength(3)
    expect(intermediate && certificate?.checkIssued(intermediate)).toBe(true)
    expect(intermediate && certificate?.verify(intermediate.publicKey)).toBe(true)
    expect(root && intermediate?.verify(root.publicKey)).toBe(true)
    expect(root?.verify(root.publicKey)).toBe(true)
    expect([certificate?.ca, intermediate?.ca, root?.ca]).toEqual([false, true, true])
    expect(certificate?.keyUsage).toEqual(['1.3.6.1.5.5.7.3.3'])
    expect(certificate?.subjectAltName).toBe(
      `URI:https://github.com/${sandbox.env.GITHUB_WORKFLOW_REF ?? ''}`
    )
    expect(leaf.notAfter.getTime() - leaf.notBefore.getTime()).toBe(600_000)
    expect(await issued()).not.toMatchObject({ leaf: { serialNumber: leaf.serialNumber } })
  })

  it('has the chain of its trust bundle', async () => {
    const { certificates } = await certify(sandbox)
    const response = await fetch(`${sandbox.urls.fulcio}/api/v2/trustBundle`)
    const bundle = (await response.json()) as { chains: { certificates: string[] }[] }
    expect(bundle.chains[0]?.certificates).toEqual(certificates.slice(1))
  })

  it('writes every claim where Fulcio writes it', async () => {
    const { leaf } = await issued()
    const github = (path: string | undefined): string => `https://github.com/${path ?? ''}`
    const { env } = sandbox
    const raw = [
      ISSUER,
      'push',
      env.GITHUB_SHA,
      'release',
      'octo-org/octo-models',
      'refs/heads/main'
    ]
    const found = raw.map((_, i) =>
      leaf.extension(`1.3.6.1.4.1.57264.1.${i + 1}`)?.value.toString()
    )
    expect(found).toEqual(raw)
    const strings = {
      8: ISSUER,
      9: github(env.GITHUB_WORKFLOW_REF),
      10: env.GITHUB_WORKFLOW_SHA,
      11: 'github-hosted',
      12: github('octo-org/octo-models'),
      13: env.GITHUB_SHA,
      14: 'refs/heads/main',
      15: env.GITHUB_REPOSITORY_ID,
      16: github('octo-org'),
      17: env.GITHUB_REPOSITORY_OWNER_ID,
      18: github(env.GITHUB_WORKFLOW_REF),
      19: env.GITHUB_WORKFLOW_SHA,
      20: 'push',
      21: github('octo-org/octo-models/actions/runs/9000000001/attempts/1'),
      22: 'public',
      23: 'production',
      24: 'repo:octo-org/octo-models:ref:refs/heads/main'
    }
    for (const [arc, value] of Object.entries(strings)) {
      const encoded = leaf.extension(`1.3.6.1.4.1.57264.1.${arc}`)?.value ?? Buffer.alloc(0)
      const parsed = ASN1Obj.parseBuffer(Buffer.from(encoded))
      expect([arc, parsed.tag.number, parsed.value.toString()]).toEqual([arc, 12, value])
    }
  })

  it('embeds a promise of the CT log', async () => {
    expect(await sctsVerified(await issued())).toBe(true)
  })

  it('leaves out what has no claim, and refuses when an extension needs it', async () => {
    const other = await startSandbox()
    const { certificates } = await certify(other)
    expect(
      CoreCertificate.parse(certificates[0] ?? '').extension('1.3.6.1.4.1.57264.1.23')
    ).toBeUndefined()
    await other.setClaims({ run_id: undefined })
    const { body } = certificateRequest(await requestToken(other))
    expect((await post(`${other.urls.fulcio}/api/v2/signingCert`, body)).status).toBe(400)
    await other.stop()
  })

  it('certifies the key of a signing request', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const spki = publicKey.export({ format: 'der', type: 'spki' })
    const credentials = { oidcIdentityToken: await requestToken(sandbox) }
    const request = (key: typeof privateKey) => ({
      credentials,
      certificateSigningRequest: base64(signingRequest(key, spki))
    })
    expect((await ask(request(privateKey))).status).toBe(200)
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    expect(await ask(request(stranger))).toMatchObject({ status: 400, message: PROOF_REFUSED })
    const message = 'The certificate signing request could not be parsed'
    expect(await ask({ credentials, certificateSigningRequest: base64('no') })).toMatchObject({
      status: 400,
      message
    })
  })

  it('refuses who does not hold the key', async () => {
    const { body } = certificateRequest(await requestToken(sandbox), 'repo:other/other')
    expect(await ask(body)).toMatchObject({ status: 400, message: PROOF_REFUSED })
  })

  it('refuses a token that somebody changed', async () => {
    const [header = '', payload = '', signature = ''] = (await requestToken(sandbox)).split('.')
    const changed = base64(
      Buffer.from(payload, 'base64url').toString().replace('octo-org', 'evil-org')
    )
    const { body } = certificateRequest([header, changed, signature].join('.'))
    expect(await ask(body)).toMatchObject({ status: 400, message: TOKEN_REFUSED })
  })

  it.each<Omit<Fault, 'service'>>([
    { kind: 'expired-token' },
    { kind: 'wrong-audience' },
    { kind: 'wrong-issuer' },
    { kind: 'clock', seconds: -600 },
    { kind: 'clock', seconds: 1200 }
  ])('refuses the token of an issuer with $kind', async fault => {
    await sandbox.fault({ service: 'oidc', ...fault })
    const { body } = certificateRequest(await requestToken(sandbox))
    expect(await ask(body)).toMatchObject({ status: 400, message: TOKEN_REFUSED, code: 3 })
  })

  it('certifies another key, when told to', async () => {
    await sandbox.fault({ service: 'fulcio', kind: 'wrong-certificate', times: 1 })
    const wrong = await certify(sandbox)
    const right = await certify(sandbox)
    const holds = ({ key, certificates }: typeof right): boolean =>
      new X509Certificate(certificates[0] ?? '').checkPrivateKey(key)
    expect([holds(wrong), holds(right)]).toEqual([false, true])
  })

  it('forgets or forges the promise of the CT log, when told to', async () => {
    await sandbox.fault({ service: 'fulcio', kind: 'no-sct', times: 1 })
    expect(await sctsVerified(await issued())).toBe('none')
    await sandbox.fault({ service: 'fulcio', kind: 'wrong-sct', times: 1 })
    expect(await sctsVerified(await issued())).toBe(false)
  })
})
