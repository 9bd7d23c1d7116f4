import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createHttp } from '../../src/http.ts'
import { createRegistry, type Registry } from '../../src/registry/client.ts'
import { digestOf } from '../../src/registry/digest.ts'
import type { Repository } from '../../src/registry/reference.ts'
import { fakeLog, fakeTime, listen, type Loopback } from '../http/loopback.ts'

export const USER = { username: 'user', password: 'pa:ss-word' }
export const PATH = 'o/app'

/** A registry that keeps what it is given, and what it was asked: `PUT /v2/o/app/manifests/v1`. */
export type Server = Loopback & {
  asked: { line: string; authorization: string | undefined; headers: IncomingMessage['headers'] }[]
  blobs: Map<string, Buffer>
  manifests: Map<string, { bytes: Buffer; mediaType: string }>
  repository: Repository
}

/** Answers a request itself, or leaves it to the registry. */
export type Hook = (
  request: IncomingMessage & { body: Buffer },
  response: ServerResponse
) => boolean | undefined

/** Starts a registry; `hook` sees every request first. Whoever starts it closes it. */
export async function serve(hook: Hook = () => false): Promise<Server> {
  const asked: Server['asked'] = []
  const blobs: Server['blobs'] = new Map()
  const manifests: Server['manifests'] = new Map()
  const uploads = new Map<string, Buffer>()
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      asked.push({ line: `${method} ${url}`, authorization: headers.authorization, headers })
      const body = Buffer.concat(chunks)
      if (hook(Object.assign(request, { body }), response) === true) return
      answer(request, response, body)
    })
  }
  const answer = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    const [, , kind, name = ''] =
      /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs)\/(.*)$/.exec(pathname) ?? []
    const end = (status: number, bytes?: Buffer, more: Record<string, string> = {}): void => {
      response.writeHead(status, more).end(bytes)
    }
    if (kind === 'manifests' && request.method === 'PUT') {
      const manifest = { bytes: body, mediaType: request.headers['content-type'] ?? '' }
      manifests.set(name, manifest).set(digestOf(body), manifest)
      end(201, undefined, { 'docker-content-digest': digestOf(body) })
    } else if (kind === 'manifests') {
      const manifest = manifests.get(name)
      if (manifest === undefined) end(404)
      else end(200, manifest.bytes, { 'content-type': manifest.mediaType, etag: '"1"' })
    } else if (kind === 'blobs') {
      const blob = blobs.get(name)
      end(blob === undefined ? 404 : 200, request.method === 'HEAD' ? undefined : blob)
    } else if (kind === 'blobs/uploads') {
      const id = name === '' ? `${uploads.size + 1}` : name
      const whole = Buffer.concat([uploads.get(id) ?? Buffer.alloc(0), body])
      uploads.set(id, whole)
      const digest = searchParams.get('digest')
      if (request.method === 'PUT' && digest !== null) {
        if (digestOf(whole) === digest) blobs.set(digest, whole)
        end(digestOf(whole) === digest ? 201 : 400)
      } else {
        end(202, undefined, { location: `/v2/${PATH}/blobs/uploads/${id}?_state=a%2Bb` })
      }
    } else {
      end(404)
    }
  }
  const loopback = await listen(listener)
  const host = `127.0.0.1:${loopback.port}`
  const repository = { host, path: PATH, name: `${host}/${PATH}` }
  return { ...loopback, asked, blobs, manifests, repository }
}

/** A client as a run has it, after `docker login` where there is a login. */
export async function client(login: Record<string, unknown> = {}): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'))
  await writeFile(join(folder, 'config.json'), JSON.stringify(login))
  const http = createHttp({ deadline: 60_000, log: fakeLog(), time: fakeTime() })
  return createRegistry({ http, env: { ...process.env, DOCKER_CONFIG: folder }, log: fakeLog() })
}

/** `auths` as docker login writes it. */
export function login(host: string, user = USER): Record<string, unknown> {
  const auth = Buffer.from(`${user.username}:${user.password}`).toString('base64')
  return { auths: { [host]: { auth } } }
}

/** An answer in the form of the distribution specification. */
export function error(
  response: ServerResponse,
  status: number,
  code: string,
  message = code
): true {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ errors: [{ code, message }] }))
  return true
}
