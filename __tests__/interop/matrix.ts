import { expect } from '@jest/globals'
import type { Refuses } from './cell.ts'
import { IDENTITY, ISSUER, type Job } from './job.ts'
import type { Peer, Question } from './peers/peer.ts'
import type { Witness } from './services/trust.ts'

export const OTHER_IDENTITY = IDENTITY.replace('release.yml', 'other.yml')
export const OTHER_ISSUER = 'https://gitlab.com'
export const OTHER_TYPE = 'https://example.com/other/v1'
/** A file with other content than all that are signed. */
export const CHANGED = 'changed'

export const LOG_NAMES: Record<Witness, string> = {
  'rekor-v1': 'Rekor v1',
  'rekor-v2': 'Rekor v2',
  timestamp: 'none, a timestamp only'
}

/** The reasons to refuse, as the page names them. */
export const BECAUSE_OF = {
  changed: 'a changed byte',
  added: 'an added file',
  removed: 'a removed file',
  exchanged: 'two files exchanged',
  relinked: 'a link to another file',
  links: 'links, where none are allowed',
  identity: 'another identity',
  issuer: 'another issuer',
  type: 'another predicate type',
  log: 'a root without that log',
  authority: 'a root without that authority',
  unsigned: 'an unsigned image',
  moved: "another image's signature",
  annotation: 'another annotation',
  anonymous: 'no credentials',
  password: 'another password',
  key: 'another key',
  chain: 'another root certificate',
  file: 'the digest of the only file',
  digest: 'another digest'
}

/** A peer believes a bundle of ours, and nothing that differs from it in one thing. */
export async function theyVerify(
  job: Job,
  peer: Peer,
  asked: Question,
  refuses: Refuses
): Promise<void> {
  const { changed, identity, issuer, log, type } = peer.refusals
  const verify = async (other: Partial<Question> = {}): Promise<void> => {
    await peer.verify(job, { ...asked, ...other })
  }
  const refused = async (other: Partial<Question>, why: string): Promise<void> => {
    await expect(verify(other)).rejects.toThrow(why)
  }
  await verify()
  await refuses(BECAUSE_OF.changed, refused({ file: CHANGED }, changed))
  await refuses(BECAUSE_OF.identity, refused({ identity: OTHER_IDENTITY }, identity))
  await refuses(BECAUSE_OF.issuer, refused({ issuer: OTHER_ISSUER }, issuer))
  if (type !== undefined) {
    await refuses(BECAUSE_OF.type, refused({ predicateType: OTHER_TYPE }, type))
  }
  const without = [job.services.urls[asked.log]]
  await refuses(BECAUSE_OF.log, refused({ without }, log))
}

/** We believe a bundle of a peer's, given by verify's inputs, and not another file, identity or issuer. */
export async function weVerify(
  job: Job,
  inputs: Record<string, string>,
  refuses: Refuses,
  changed: 'DIGEST_MISMATCH' | 'SUBJECT_MISMATCH' = 'DIGEST_MISMATCH'
): Promise<void> {
  const run = await job.verify(inputs)
  expect(run).toMatchObject({ exitCode: 0, annotations: [], outputs: { verified: 'true' } })

  const by = (identity: string, issuer = ISSUER): Record<string, string> => ({
    ...inputs,
    'certificate-identity': identity,
    'certificate-oidc-issuer': issuer
  })
  await refuses(BECAUSE_OF.changed, weRefuse(job, { ...inputs, files: CHANGED }, changed))
  await refuses(BECAUSE_OF.identity, weRefuse(job, by(OTHER_IDENTITY), 'IDENTITY_MISMATCH'))
  await refuses(BECAUSE_OF.issuer, weRefuse(job, by(IDENTITY, OTHER_ISSUER), 'IDENTITY_MISMATCH'))
}

/** Our verify step fails for this reason. */
export async function weRefuse(
  job: Job,
  inputs: Record<string, string>,
  code: string,
  env: Record<string, string> = {}
): Promise<void> {
  const run = await job.verify(inputs, { env })
  expect(run).toMatchObject({ exitCode: 1, outputs: { verified: 'false' } })
  expect(run.annotations[0]?.message).toContain(`[${code}]`)
}
