import { randomBytes, randomUUID } from 'node:crypto'
import type { Answer } from '../server.ts'
import type { Call } from './call.ts'
import { checkDigest } from './digest.ts'
import { RegistryRefusal } from './refusal.ts'

type Upload = { id: string; repository: string; state: string; received: Buffer }

/**
 * Blobs on their way, in one piece or in chunks. No mounting and no upload by POST alone: such a request
 * begins an upload, as the specification allows.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 */
export class Uploads {
  readonly #uploads = new Map<string, Upload>()

  answer(call: Call): Answer {
    if (call.request.method === 'POST') return this.#begin(call)
    const upload = this.#find(call)
    switch (call.request.method) {
      case 'GET':
        return progress(204, upload)
      case 'PATCH':
        append(call, upload)
        return progress(202, upload)
      case 'PUT':
        return this.#end(call, upload)
      default:
        throw new RegistryRefusal(405, 'UNSUPPORTED', 'the operation is unsupported')
    }
  }

  #begin({ request, repository, elsewhere, takeFault }: Call): Answer {
    const id = randomUUID()
    const state = randomBytes(8).toString('hex')
    const upload = { id, repository, state, received: Buffer.alloc(0) }
    this.#uploads.set(id, upload)
    const away = takeFault('upload-elsewhere') !== undefined
    // Absolute as distribution has it; where an upload goes on it is relative, as others have it.
    const origin = away ? elsewhere : `http://${request.headers.host ?? ''}`
    return progress(202, upload, origin)
  }

  #find({ request, repository, reference: id }: Call): Upload {
    const upload = this.#uploads.get(id)
    if (upload?.repository !== repository || request.query.get('_state') !== upload.state) {
      throw new RegistryRefusal(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry')
    }
    return upload
  }

  #end(call: Call, upload: Upload): Answer {
    const { request, repository, store, settings } = call
    if (settings.chunkOnly && upload.received.length === 0 && request.body.length > 0) {
      throw new RegistryRefusal(405, 'UNSUPPORTED', 'blobs are taken in chunks')
    }
    append(call, upload)
    checkDigest(request.query.get('digest') ?? '', upload.received)
    this.#uploads.delete(upload.id)
    const digest = store.putBlob(repository, upload.received)
    return {
      status: 201,
      headers: {
        location: `/v2/${repository}/blobs/${digest}`,
        'docker-content-digest': digest
      }
    }
  }
}

function append({ request }: Call, upload: Upload): void {
  const { body, headers } = request
  const range = headers['content-range']
  const start = upload.received.length
  const end = start + body.length - 1
  // Without a range it is a stream, which goes on where the last one ended.
  if (range !== undefined && range !== `${start}-${end}`) {
    const { headers: where } = progress(416, upload)
    throw new RegistryRefusal(416, 'BLOB_UPLOAD_INVALID', `expected ${start}-${end}`, where)
  }
  upload.received = Buffer.concat([upload.received, body])
}

function progress(status: number, upload: Upload, origin = ''): Answer {
  const { id, repository, state, received } = upload
  return {
    status,
    headers: {
      location: `${origin}/v2/${repository}/blobs/uploads/${id}?_state=${state}`,
      range: `0-${Math.max(0, received.length - 1)}`,
      'docker-upload-uuid': id
    }
  }
}
