import { sha256 } from '../sandbox/certificate.ts'
import type { Claims } from '../sandbox/claims.ts'
import { identityPolicy } from '../src/trust/policy-inputs.ts'
import { all, drop, put, type Edit, type Json } from '../__tests__/trust/edit.ts'
import { Instance, type Differences } from '../__tests__/trust/instance.ts'
import type { Content, Contents } from './contents.ts'
import type { Donors } from './mutation.ts'

const PRIVATE: Claims = { repository_visibility: 'private' }
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

/** Both instances', as a run has them. */
export const roots = [...publicGood.roots(), ...github.roots(put('tlogs', []), put('ctlogs', []))]

export const signer = {
  identity: identityPolicy(
    {},
    {
      repositoryId: '640123001',
      workflowRef: 'octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'
    }
  )
}

/** Who witnesses, and how a log records what is signed. */
export type Witnesses = {
  instance: Instance
  differences: (content: Content) => Differences
}

const by = (differences: Differences): Witnesses => ({
  instance: publicGood,
  differences: () => differences
})

export const REKOR_V1 = by({ log: 'v1' })
/** As npm's registry has it recorded. */
export const INTOTO = by({ log: 'v1', kind: 'intoto' })
export const REKOR_V2 = by({ log: 'v2' })
/** An envelope recorded as such, not as a hash. */
export const DSSE_V2: Witnesses = {
  instance: publicGood,
  differences: ({ statement }) => ({ log: 'v2', body: asDsse(statement) })
}
/** GitHub's instance for private repositories, which has neither log. */
export const GITHUB: Witnesses = {
  instance: github,
  differences: () => ({ log: 'none', sct: false, claims: PRIVATE })
}

function asDsse(payload: unknown): Edit {
  const digest = sha256(Buffer.from(JSON.stringify(payload))).toString('base64')
  return body => {
    const { hashedRekordV002 } = body.spec as { hashedRekordV002: { signature: Json } }
    body.kind = 'dsse'
    body.spec = {
      dsseV002: {
        payloadHash: { algorithm: 'SHA2_256', digest },
        signatures: [hashedRekordV002.signature]
      }
    }
  }
}

// Before v0.3 the certificate stood in a chain.
const version = (number: string): Edit =>
  all(put('mediaType', `application/vnd.dev.sigstore.bundle+json;version=${number}`), json => {
    const material = json.verificationMaterial as Json
    material.x509CertificateChain = { certificates: [material.certificate] }
    Reflect.deleteProperty(material, 'certificate')
  })

/** As the first clients wrote it, which asked Rekor for a promise alone. */
export const V01 = all(version('0.1'), drop('entry.inclusionProof'))
export const V02 = version('0.2')
export const KEY_ID = put('dsseEnvelope.signatures.0.keyid', 'a hint')

/**
 * Bundles of ours, ours signed anew, something else, and both by somebody else; each has its own time and
 * place in the log.
 */
export function signAll(
  { ours, others }: Contents,
  { instance, differences }: Witnesses,
  edits: Edit[] = []
): { honest: string; donors: Donors<string> } {
  let index = 2
  const sign = (content: Content, claims: Claims = {}): string => {
    const o = differences(content)
    const bundle = instance.sign({
      ...{ ...o, ...content, claims: { ...o.claims, ...claims } },
      at: new Date(Date.now() - 1000 * index),
      index: index++,
      // Our own signing asks the timestamp authority for them.
      embedded: true
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
