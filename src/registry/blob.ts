import type { Descriptor } from './descriptor.ts'
import { digestOf } from './digest.ts'
import { mismatch, refused, unreadable } from './failures.ts'
import { checkClaim } from './manifest.ts'
import type { Repository } from './reference.ts'
import { urlOf, type Transport } from './transport.ts'
import { uploadInChunks, uploadWhole } from './upload.ts'

/** No bundle and no payload of a signature is larger. */
const MAX_BLOB = 64 * 1024 * 1024
const MAX_REFUSAL = 64 * 1024
/** Proxies before registries often take no larger requests. */
const LARGE = 16 * 1024 * 1024

/** See `Registry.getBlob`. */
export async function getBlob(
  transport: Transport,
  repository: Repository,
  { digest, size }: Descriptor
): Promise<Buffer | undefined> {
  if (size > MAX_BLOB) throw unreadable(repository, `a blob of ${size} bytes is more than is taken`)
  const answer = await transport.send(repository, 'read', {
    method: 'GET',
    url: urlOf(repository, 'blobs', digest),
    // a refusal may be longer than a small blob
    maxBytes: Math.max(size, MAX_REFUSAL)
  })
  if (answer.status === 404) return undefined
  if (answer.status !== 200) throw refused(repository, 'read', answer)
  const got = digestOf(answer.body)
  if (got !== digest) throw mismatch(repository, digest, got)
  if (answer.body.length !== size) {
    throw unreadable(
      repository,
      `a blob has ${answer.body.length} bytes and not ${size}, as was said`
    )
  }
  checkClaim(repository, digest, answer.headers['docker-content-digest'])
  return answer.body
}

/** See `Registry.putBlob`. */
export async function putBlob(
  transport: Transport,
  repository: Repository,
  bytes: Buffer
): Promise<void> {
  const digest = digestOf(bytes)
  const has = async (): Promise<boolean> => {
    const url = urlOf(repository, 'blobs', digest)
    const { status } = await transport.send(repository, 'write', { method: 'HEAD', url })
    return status === 200
  }
  if (await has()) return
  if (
    bytes.length > LARGE ||
    (await uploadWhole(transport, repository, bytes, digest, has)) === 'refused'
  ) {
    await uploadInChunks(transport, repository, bytes, digest, has)
  }
}
