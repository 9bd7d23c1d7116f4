import type { Answer } from '../server.ts'
import type { Call } from './call.ts'
import { digestOf } from './digest.ts'

/** Answers with a manifest or a blob, and with what may be wrong with it. */
export function contentAnswer(
  { request, takeFault }: Call,
  content: { bytes: Buffer; digest: string; mediaType: string },
  headers: Record<string, string> = {}
): Answer {
  const { bytes, digest, mediaType } = content
  const lie = takeFault('wrong-digest-header')
  // A HEAD shows no byte that could be wrong.
  const wrong = request.method === 'GET' ? takeFault('wrong-bytes') : undefined
  return {
    status: 200,
    headers: {
      'content-type': mediaType,
      'docker-content-digest': lie === undefined ? digest : digestOf(Buffer.from(digest)),
      ...headers
    },
    body: wrong === undefined ? bytes : altered(bytes)
  }
}

function altered(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const middle = copy.length >> 1
  copy.writeUInt8(copy.readUInt8(middle) ^ 1, middle)
  return copy
}
