import { crypto, dsse } from '@sigstore/core'
import { toSignedEntity, type SignedEntity } from '@sigstore/verify'
import { KeylessError } from '../errors.ts'
import type { Bundle } from './bundle.ts'
import type { Digester } from './digester.ts'
import { bindImage, notASignature, type Annotations } from './image.ts'
import type { Recorded } from './log-body.ts'
import { messageContent } from './signature.ts'
import { bindSubject, readStatement } from './statement.ts'
import { quote } from './quote.ts'

/** What the bundle has to be; `any` is for the conformance suite, which does not ask. */
export type Expectation =
  | { kind: 'message-signature' }
  | { kind: 'statement'; predicateType: string }
  // cosign's signature of an image, with at least these annotations
  | { kind: 'image-signature'; annotations: Readonly<Record<string, string>> }
  | { kind: 'any' }

/** A bundle's content, bound to our digest of the bytes; its signature is still to be verified. */
export type Bound = {
  entity: SignedEntity
  recorded: Omit<Recorded, 'verifier'>
  content: { predicateType?: string; annotations?: Annotations }
}

/**
 * Makes sure that the bundle is of the kind expected and about the bytes that we hashed.
 * @throws KeylessError with the reason
 */
export async function bindContent(
  bundle: Bundle,
  expect: Expectation,
  digest: Digester,
  bytes?: Buffer
): Promise<Bound> {
  const { content } = bundle
  if (content.$case === 'messageSignature') {
    if (expect.kind === 'statement') {
      throw new KeylessError(
        'NOT_A_STATEMENT',
        `The bundle is a plain signature, not an attestation of the type ${expect.predicateType}; leave out predicate-type to accept it.`
      )
    }
    if (expect.kind === 'image-signature') {
      throw notASignature('The bundle', 'a plain signature of bytes')
    }
    const message = await messageContent(content.messageSignature, digest, bytes)
    const value = { algorithm: message.algorithm, value: message.digest }
    return {
      content: {},
      entity: { ...readEntity(bundle), signature: message },
      recorded: {
        content: content.$case,
        signature: message.signature,
        digests: { message: value, payload: undefined, pae: undefined }
      }
    }
  }

  const { dsseEnvelope: envelope } = content
  if (expect.kind === 'message-signature') {
    throw new KeylessError(
      'NOT_A_MESSAGE_SIGNATURE',
      'The bundle is an attestation, not a signature of the file; an attestation says something about a file, so name the predicate-type that you require.'
    )
  }
  const statement = readStatement(envelope)
  if (expect.kind === 'statement' && statement.predicateType !== expect.predicateType) {
    throw new KeylessError(
      'PREDICATE_TYPE_MISMATCH',
      `The attestation in the bundle is of the type ${quote(statement.predicateType)}, not ${expect.predicateType}.`
    )
  }
  let annotations: Annotations | undefined
  if (expect.kind === 'image-signature') {
    annotations = await bindImage(statement, digest, expect.annotations)
  } else {
    await bindSubject(statement, digest)
  }
  const entity = readEntity(bundle)
  const sha256 = (data: Buffer): { algorithm: string; value: Buffer } => ({
    algorithm: 'sha256',
    value: crypto.digest('sha256', data)
  })
  return {
    entity,
    content: { predicateType: statement.predicateType, ...(annotations && { annotations }) },
    recorded: {
      content: content.$case,
      signature: entity.signature.signature,
      digests: {
        message: undefined,
        payload: sha256(envelope.payload),
        pae: sha256(dsse.preAuthEncoding(envelope.payloadType, envelope.payload))
      }
    }
  }
}

// Reads the timestamps, which the library does on first use: later it would be a bare TypeError.
function readEntity(bundle: Bundle): SignedEntity {
  try {
    const entity = toSignedEntity(bundle)
    for (const each of entity.timestamps) {
      if (each.$case === 'timestamp-authority') each.timestamp.signingTime.toISOString()
    }
    return entity
  } catch (cause) {
    throw new KeylessError('TIMESTAMP_INVALID', 'A timestamp in the bundle cannot be read.', {
      cause
    })
  }
}
