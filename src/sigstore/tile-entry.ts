import { base64, list, missing, text, type LogEntry } from './entry.ts'
import { isObject } from '../json.ts'
import type { Json } from './json.ts'

/**
 * Reads Rekor v2's answer, a TransparencyLogEntry in protobuf's JSON, as an entry of a bundle. It has a
 * proof and neither promise nor time, although the answer names both: `null` and `"0"` (rekor-tiles,
 * CLIENTS.md). Error: SERVICE_ANSWER_INVALID.
 */
export function parseTileEntry(answer: Json): LogEntry {
  const { logId, kindVersion, inclusionProof: proof } = answer
  if (!isObject(logId)) throw missing('logId')
  if (!isObject(kindVersion)) throw missing('kindVersion')
  if (!isObject(proof)) throw missing('an inclusion proof')
  if (!isObject(proof.checkpoint)) throw missing('inclusionProof.checkpoint')
  return {
    logIndex: integer(answer.logIndex, 'logIndex'),
    logId: { keyId: base64(logId.keyId, 'logId.keyId') },
    kindVersion: {
      kind: text(kindVersion.kind, 'kindVersion.kind'),
      version: text(kindVersion.version, 'kindVersion.version')
    },
    integratedTime: '0',
    inclusionPromise: undefined,
    inclusionProof: {
      logIndex: integer(proof.logIndex, 'inclusionProof.logIndex'),
      treeSize: integer(proof.treeSize, 'inclusionProof.treeSize'),
      rootHash: base64(proof.rootHash, 'inclusionProof.rootHash'),
      hashes: list(proof.hashes, 'inclusionProof.hashes').map(each =>
        base64(each, 'a hash of the proof')
      ),
      checkpoint: { envelope: text(proof.checkpoint.envelope, 'inclusionProof.checkpoint') }
    },
    canonicalizedBody: base64(answer.canonicalizedBody, 'canonicalizedBody')
  }
}

/** Protobuf's JSON writes 64 bits as a string. */
function integer(value: unknown, what: string): string {
  if (typeof value !== 'string' || !/^(0|[1-9]\d{0,18})$/.test(value)) throw missing(what)
  return value
}
