import type { KeyObject } from 'node:crypto'
import { Verifier, type SignedEntity, type TrustMaterial } from '@sigstore/verify'
import { KeylessError } from '../errors.ts'
import { checkLogBody, type Recorded } from './log-body.ts'
import { describeEntry, findLog, knownLogs, type LogEntry } from './log.ts'
import { translate } from './reasons.ts'

/** What must be there; whatever else is there must verify as well. */
export type Required = { sct: boolean; log: boolean; time: boolean }

/** Who saw the signature, and when. */
export type Witnesses = { times: Time[]; logEntry?: LogEntry }

type Time = { source: 'rekor' | 'timestamp-authority'; at: Date }

/**
 * Verifies the signature with its certificate chain, SCT, timestamps and log entries.
 * @param key of the certificate, or the one that the verifier asked for
 * @throws KeylessError with the reason
 */
export function verifyWitnesses(
  entity: SignedEntity,
  key: KeyObject,
  recorded: Recorded,
  material: TrustMaterial,
  required: Required
): Witnesses {
  // The library checks it last, after everything that a wrong signature makes wrong, too.
  if (!entity.signature.verifySignature(key)) {
    throw new KeylessError(
      'SIGNATURE_INVALID',
      'The signature in the bundle does not verify: it was made by another key or of something else.'
    )
  }
  const entries = entity.tlogEntries.map(entry => {
    knownLogs(entry, material.tlogs)
    return { entry, version: checkLogBody(entry, recorded) }
  })

  // Whatever of these is missing has been refused in better words; this is not to be laxer.
  const verifier = new Verifier(material, {
    ctlogThreshold: required.sct ? 1 : 0,
    tlogThreshold: required.log ? 1 : 0,
    timestampThreshold: required.time ? 1 : 0
  })
  try {
    // No policy: the library's takes a name for an unanchored regular expression.
    verifier.verify(entity)
  } catch (error) {
    throw translate(error)
  }

  const times = verifiedTimes(entity)
  // A signature by key may have no verified time; then now is the only time there is.
  const moments = times.length > 0 ? times.map(({ at }) => at) : [new Date()]
  const [first] = entries.map(({ entry, version }) =>
    describeEntry(entry, findLog(entry, material.tlogs, moments), version)
  )
  return { times, ...(first && { logEntry: first }) }
}

// Those that the library has just verified: all, or it would have thrown. It does not return them.
function verifiedTimes({ timestamps }: SignedEntity): Time[] {
  return timestamps
    .filter(each => each.$case === 'timestamp-authority' || each.tlogEntry.inclusionPromise)
    .map(each =>
      each.$case === 'timestamp-authority'
        ? { source: each.$case, at: each.timestamp.signingTime }
        : { source: 'rekor', at: new Date(Number(each.tlogEntry.integratedTime) * 1000) }
    )
}
