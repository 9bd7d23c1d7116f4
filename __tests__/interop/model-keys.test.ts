import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect } from '@jest/globals'
import { type Refuses, cell } from './cell.ts'
import { BECAUSE_OF } from './matrix.ts'
import { NESTED, makeModel, tampered, tamperings } from './model-shapes.ts'
import {
  type Credentials,
  type KeySigner,
  modelSigning1Keys,
  modelSigningKeys,
  ours
} from './peers/model-keys.ts'
import { modelSigning } from './peers/model-signing.ts'
import { useJob } from './use-job.ts'

const run = promisify(execFile)
const CURVES = ['P-256', 'P-384', 'P-521']

const job = useJob()
beforeAll(async () => {
  for (const curve of CURVES) {
    await makeKey(curve)
    await makeChain(curve)
  }
  await makeKey('other')
  await makeChain('other')
})

const key = (name: string): Credentials => ({
  ...{ method: 'key', key: `${name}.key`, publicKey: `${name}.pub` }
})
const certificate = (name: string): Credentials => ({
  ...{ method: 'certificate', key: `${name}.leaf.key`, certificate: `${name}.leaf.pem` },
  ...{ chain: `${name}.middle.pem`, root: `${name}.root.pem` }
})

/** What each says of the reasons to refuse. */
const SAID = {
  theirs: { ...modelSigning.refusals, key: 'Key mismatch', certificate: 'unable to get' },
  ours: { key: 'SIGNATURE_INVALID', certificate: 'UNKNOWN_AUTHORITY' }
}

describe.each([modelSigningKeys, modelSigning1Keys])('keys: $program $version', peer => {
  for (const [by, words] of [
    [key, 'a key on P-256, P-384 or P-521'],
    [certificate, 'a chain of certificates, whose keys are on P-256, P-384 or P-521']
  ] as const) {
    const { method } = by('')
    const row = { ...peer, model: NESTED.model, log: 'none' }
    if (peer === modelSigningKeys) {
      const what = `signed with ${words}, verified with \`verify ${method}\``
      cell({ ...row, direction: 'verifies ours', what }, async refuses => {
        await meet(ours, peer, by, refuses)
      })
    }
    const what = `signed with \`sign ${method}\` and ${words}`
    cell({ ...row, direction: 'we verify theirs', what }, async refuses => {
      await meet(peer, ours, by, refuses)
    })
  }
})

/** One believes the other's signature, and nothing that differs from it in one thing. */
async function meet(
  signer: KeySigner,
  verifier: KeySigner,
  by: (name: string) => Credentials,
  refuses: Refuses
): Promise<void> {
  const name = `${signer.version}-${by('').method}`
  for (const curve of CURVES) {
    const path = `${name}-${curve}`
    await makeModel(job, NESTED, path)
    await signer.sign(job, NESTED, path, by(curve))
    await verifier.verify(job, NESTED, path, by(curve))
  }
  const path = `${name}-P-256`
  const refused = async (of: string, as: Credentials, why: string): Promise<void> => {
    await expect(verifier.verify(job, NESTED, of, as)).rejects.toThrow(why)
  }
  for (const { because, ours: we, theirs, tamper } of tamperings(NESTED)) {
    const why = verifier === ours ? we : SAID.theirs[theirs]
    const check = refused(await tampered(job, NESTED, path, tamper), by('P-256'), why)
    await refuses(because, check)
  }
  const { method } = by('')
  const why = (verifier === ours ? SAID.ours : SAID.theirs)[method]
  await refuses(
    method === 'key' ? BECAUSE_OF.key : BECAUSE_OF.chain,
    refused(path, by('other'), why)
  )
}

const openssl = async (...args: string[]): Promise<void> => {
  await run('openssl', args, { cwd: job.workspace })
}
const curveOf = (name: string): string => (name === 'other' ? 'P-256' : name)

async function makeKey(name: string): Promise<void> {
  const curve = `ec_paramgen_curve:${curveOf(name)}`
  await openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', curve, '-out', `${name}.key`)
  await openssl('pkey', '-in', `${name}.key`, '-pubout', '-out', `${name}.pub`)
}

/** A root, an authority between, and a certificate for signing code. */
async function makeChain(name: string): Promise<void> {
  const certify = async (
    what: string,
    by: string | undefined,
    ...usages: string[]
  ): Promise<void> => {
    const issuer =
      by === undefined ? [] : ['-CA', `${name}.${by}.pem`, '-CAkey', `${name}.${by}.key`]
    await openssl(
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        `ec_paramgen_curve:${curveOf(name)}`,
        '-nodes'
      ],
      ...['-keyout', `${name}.${what}.key`, '-out', `${name}.${what}.pem`, '-days', '2', ...issuer],
      ...['-subj', `/CN=${name} ${what}`, ...usages.flatMap(usage => ['-addext', usage])]
    )
  }
  const authority = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']
  await certify('root', undefined, ...authority)
  await certify('middle', 'root', ...authority)
  const end = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature']
  await certify('leaf', 'middle', ...end, 'extendedKeyUsage=codeSigning')
}
