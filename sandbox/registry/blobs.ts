import type { Answer } from '../server.ts'
import type { Call } from './call.ts'
import { contentAnswer } from './content.ts'
import { RegistryRefusal } from './refusal.ts'

/** Answers GET and HEAD of a blob. */
export function answerBlob(call: Call): Answer {
  const { request, repository, reference: digest, store, elsewhere, takeFault } = call
  const bytes = store.getBlob(repository, digest)
  if (bytes === undefined) {
    throw new RegistryRefusal(404, 'BLOB_UNKNOWN', `blob unknown to registry: ${digest}`)
  }
  if (request.method === 'GET' && takeFault('redirect-blob') !== undefined) {
    return { status: 307, headers: { location: `${elsewhere}${request.path}` } }
  }
  return contentAnswer(call, { bytes, digest, mediaType: 'application/octet-stream' })
}
