import { toSignedEntity, type SignedEntity } from '@sigstore/verify'
import { KeylessError } from '../errors.ts'
import type { Bundle } from './bundle.ts'
import type { Digester } from './digester.ts'
import { bindImage, notASignature, type Annotations } from './image.ts'
import { envelopeContent } from './envelope.ts'
import type { Recorded } from './log-body.ts'
import { compareModel, type ModelFiles } from './model-files.ts'
import { MODEL_PREDICATE, readModelStatement } from './model.ts'
import { messageContent } from './signature.ts'
import { bindSubject, readStatement, type Envelope } from './statement.ts'
import { quote } from './quote.ts'

/** What the bundle has to be; `any` is for the conformance suite, which does not ask. */
export type Expectation =
  | { kind: 'message-signature' }
  | { kind: 'statement'; predicateType: string }
  /** cosign's signature of an image, with at least these annotations. */
  | { kind: 'image-signature'; annotations: Readonly<Record<string, string>> }
  /** An OpenSSF Model Signing statement that is true of these files. */
  | { kind: 'model'; files: ModelFiles }
  | { kind: 'any' }

/** A bundle's content, bound to our digest of the bytes; its signature is still to be verified. */
export type Bound = {
  entity: SignedEntity
  recorded: Omit<Recorded, 'verifier'>
  content: { predicateType?: string; annotations?: Annotations; root?: string }
  /**
   * Binds what is bound last, when the signature and its signer are known to be good: nobody's word
   * is worth hashing hundreds of GB for.
   * @throws ModelMismatch
   */
  settle: () => Promise<void>
}

const settled = (): Promise<void> => Promise.resolve()

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
    if (expect.kind === 'model') {
      throw new KeylessError(
        'NOT_A_STATEMENT',
        "The bundle is the signature of some bytes, not a model's, which lists the model's files; if the model is one file, verify it as a file."
      )
    }
    const message = await messageContent(content.messageSignature, digest, bytes)
    const value = { algorithm: message.algorithm, value: message.digest }
    return {
      content: {},
      settle: settled,
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
  const bound = await bindStatement(envelope, expect, digest)
  const entity = readEntity(bundle)
  const signed = envelopeContent(envelope, entity.signature.signature)
  const sha256 = (value: Buffer): { algorithm: string; value: Buffer } => ({
    algorithm: 'sha256',
    value
  })
  return {
    ...bound,
    entity: { ...entity, signature: signed },
    recorded: {
      content: content.$case,
      signature: signed.signature,
      digests: { message: undefined, payload: sha256(signed.payload), pae: sha256(signed.pae) }
    }
  }
}

async function bindStatement(
  envelope: Envelope,
  expect: Expectation,
  digest: Digester
): Promise<Pick<Bound, 'content' | 'settle'>> {
  if (expect.kind === 'model') {
    const model = readModelStatement(envelope)
    return {
      content: { predicateType: MODEL_PREDICATE, root: model.root },
      settle: () => compareModel(model, expect.files)
    }
  }
  const statement = readStatement(envelope)
  if (expect.kind === 'statement' && statement.predicateType !== expect.predicateType) {
    throw new KeylessError(
      'PREDICATE_TYPE_MISMATCH',
      `The attestation in the bundle is of the type ${quote(statement.predicateType)}, not ${expect.predicateType}.`
    )
  }
  if (expect.kind === 'image-signature') {
    const annotations = await bindImage(statement, digest, expect.annotations)
    return { content: { predicateType: statement.predicateType, annotations }, settle: settled }
  }
  await bindSubject(statement, digest)
  return { content: { predicateType: statement.predicateType }, settle: settled }
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
