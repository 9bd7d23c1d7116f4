import { createHash, randomBytes } from 'node:crypto'
import { type Answer, type Request, Refusal } from './server.ts'
import type { Handler } from './transport.ts'

type Blob = {
  /** Blocks that were sent and are in no list yet, by id. */
  blocks: Map<string, Buffer>
  /** Undefined until a list of blocks, or the whole, was sent. */
  content: Buffer | undefined
  contentType: string
}

/**
 * Azure's block blobs, as far as its SDK uses them for artifacts. A URL is the only key to a blob: who has it
 * needs no token, and one that comes along is refused, as Azure does.
 *
 * @see https://learn.microsoft.com/rest/api/storageservices/put-block-list
 */
export class Blobs {
  /** What the signature of every URL begins with. */
  readonly signature = randomBytes(16).toString('hex')
  readonly #blobs = new Map<string, Blob>()

  /** Makes room for a blob, and answers the path with query by which it is written and read. */
  create(id: string): string {
    this.#blobs.set(id, { blocks: new Map(), content: undefined, contentType: '' })
    return this.pathOf(id)
  }

  pathOf(id: string): string {
    const expiry = new Date(Date.now() + 3_600_000).toISOString()
    // The signature is base64 in reality, so that it has to be percent-encoded.
    return `/artifacts/${id}.zip?${new URLSearchParams({ se: expiry, sig: this.#sign(id) }).toString()}`
  }

  content(id: string): Buffer | undefined {
    return this.#blobs.get(id)?.content
  }

  handler(): Handler {
    return request => {
      try {
        return this.#answer(request)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return {
          status: error.status,
          headers: { 'content-type': 'application/xml', 'x-ms-error-code': error.message },
          body: `<?xml version="1.0"?><Error><Code>${error.message}</Code></Error>`
        }
      }
    }
  }

  #answer({ method, path, query, headers, body }: Request): Answer {
    if (headers.authorization !== undefined) throw new Refusal(400, 'InvalidAuthenticationInfo')
    const id = /^\/artifacts\/([\w-]+)\.zip$/.exec(path)?.[1] ?? ''
    const blob = this.#blobs.get(id)
    if (query.get('sig') !== this.#sign(id)) throw new Refusal(403, 'AuthenticationFailed')
    if (blob === undefined) throw new Refusal(404, 'BlobNotFound')
    switch (`${method} ${query.get('comp') ?? ''}`) {
      case 'PUT block':
        blob.blocks.set(query.get('blockid') ?? '', body)
        return created()
      case 'PUT blocklist':
        blob.content = assemble(blob.blocks, body.toString())
        break
      case 'PUT ':
        if (headers['x-ms-blob-type'] !== 'BlockBlob') throw new Refusal(400, 'InvalidHeaderValue')
        blob.content = body
        break
      case 'GET ':
        if (blob.content === undefined) throw new Refusal(404, 'BlobNotFound')
        return {
          status: 200,
          headers: { 'content-type': blob.contentType },
          body: blob.content
        }
      default:
        throw new Refusal(405, 'UnsupportedHttpVerb')
    }
    blob.contentType = String(headers['x-ms-blob-content-type'] ?? 'application/octet-stream')
    return created()
  }

  #sign(id: string): string {
    return `${this.signature}/${createHash('sha256').update(id).digest('base64')}`
  }
}

function assemble(blocks: Map<string, Buffer>, list: string): Buffer {
  const ids = [...list.matchAll(/<(?:Latest|Uncommitted)>([^<]*)</g)].map(([, id = '']) => id)
  return Buffer.concat(
    ids.map(id => {
      const block = blocks.get(id)
      if (block === undefined) throw new Refusal(400, 'InvalidBlockList')
      return block
    })
  )
}

function created(): Answer {
  const headers = { etag: `"${randomBytes(8).toString('hex')}"`, 'x-ms-version': '2025-01-05' }
  return { status: 201, headers: { ...headers, 'last-modified': new Date().toUTCString() } }
}
