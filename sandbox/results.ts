import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { Blobs } from './blobs.ts'
import type { Faults } from './faults.ts'
import { type Answer, type Request, Refusal, json } from './server.ts'
import type { Handler } from './transport.ts'

/** An artifact that is complete. */
export type StoredArtifact = {
  id: number
  name: string
  size: number
  /** `sha256:` and hexadecimal */
  digest: string
  /** A zip file, in base64. */
  content: string
}

type Artifact = {
  id: number
  blob: string
  job: string
  name: string
  createdAt: string
  done: boolean
}

/** The fields of any of the requests, as protobuf's JSON has them. */
type Call = Partial<
  Record<
    | 'workflow_run_backend_id'
    | 'workflow_job_run_backend_id'
    | 'name'
    | 'size'
    | 'hash'
    | 'name_filter'
    | 'id_filter',
    string
  >
>

const PATH = '/twirp/github.actions.results.api.v1.ArtifactService/'

/** Twirp's names of errors, by their statuses. */
const CODES: Record<number, string> = {
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  409: 'already_exists'
}

/**
 * The Actions results service, as far as artifacts of version 4 and later need it: one run, any number of
 * its jobs. A name is taken as soon as its upload begins, and one that was never finished stays taken and
 * is in no list, as GitHub's does (QIICR/dcmqi#562, atlanhq/application-sdk#3711).
 */
export class Results {
  readonly blobs = new Blobs()
  readonly #faults: Faults
  readonly #run = randomUUID()
  /** Jobs by their tokens. */
  readonly #jobs = new Map<string, string>()
  #artifacts: Artifact[] = []
  #lastId = 4_000_000_000

  constructor(faults: Faults) {
    this.#faults = faults
  }

  /** The token of one more job of the run. */
  startJob(): string {
    const job = randomUUID()
    const scopes = ['Actions.GenericRead:00000000', `Actions.Results:${this.#run}:${job}`]
    const parts = [{ alg: 'HS256', typ: 'JWT' }, { scp: scopes.join(' ') }]
    const text = parts.map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    // Nobody but this service reads it, and by comparison.
    const token = [...text, randomBytes(32).toString('base64url')].join('.')
    this.#jobs.set(token, job)
    return token
  }

  list(): StoredArtifact[] {
    return this.#complete().map(({ id, name, blob }) => {
      const content = this.blobs.content(blob) ?? Buffer.alloc(0)
      return { id, name, ...measure(content), content: content.toString('base64') }
    })
  }

  clear(): void {
    this.#artifacts = []
  }

  /** @param blobUrl the address of the blobs */
  handler(blobUrl: () => string): Handler {
    return request => {
      try {
        return json(200, this.#answer(request, blobUrl()))
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return twirpError(error.status, error.message)
      }
    }
  }

  #answer({ method, path, headers, body }: Request, blobUrl: string): unknown {
    if (method !== 'POST' || !path.startsWith(PATH)) throw new Refusal(404, 'no such route')
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? ''
    const job = this.#jobs.get(token)
    if (job === undefined) throw new Refusal(401, 'the token is not one of this run')
    const call = JSON.parse(body.toString()) as Call
    if (call.workflow_run_backend_id !== this.#run) throw new Refusal(403, 'another run')
    const own = (): void => {
      if (call.workflow_job_run_backend_id !== job) throw new Refusal(403, 'another job')
    }
    switch (path.slice(PATH.length)) {
      case 'CreateArtifact':
        own()
        return { ok: true, signed_upload_url: blobUrl + this.#create(call, job) }
      case 'FinalizeArtifact':
        own()
        return { ok: true, artifact_id: String(this.#finalize(call).id) }
      case 'ListArtifacts':
        return { artifacts: this.#find(call).map(artifact => this.#describe(artifact)) }
      case 'GetSignedArtifactURL':
        return { signed_url: blobUrl + this.blobs.pathOf(this.#named(call).blob) }
      case 'DeleteArtifact': {
        const gone = this.#named(call)
        this.#artifacts = this.#artifacts.filter(artifact => artifact !== gone)
        return { ok: true, artifact_id: String(gone.id) }
      }
      default:
        throw new Refusal(404, 'no such method')
    }
  }

  #create({ name = '' }: Call, job: string): string {
    if (this.#faults.take('results', 'over-quota') !== undefined) {
      throw new Refusal(403, 'insufficient usage to create artifact')
    }
    if (name === '' || /["<>:|*?\r\n\\/]/.test(name)) throw new Refusal(400, 'name is not valid')
    if (this.#artifacts.some(artifact => artifact.name === name)) {
      throw new Refusal(409, 'an artifact with this name already exists on the workflow run')
    }
    const blob = randomUUID()
    const createdAt = new Date().toISOString()
    this.#artifacts.push({ id: ++this.#lastId, blob, job, name, createdAt, done: false })
    return this.blobs.create(blob)
  }

  #finalize({ name, size, hash }: Call): Artifact {
    if (this.#faults.take('results', 'unfinished') !== undefined) {
      throw new Refusal(403, 'Error from intermediary with HTTP status code 403 "Forbidden"')
    }
    const artifact = this.#artifacts.find(one => one.name === name)
    const content = artifact && this.blobs.content(artifact.blob)
    if (artifact === undefined || content === undefined) throw new Refusal(404, 'not uploaded')
    if (artifact.done) throw new Refusal(409, 'the artifact is final')
    const found = measure(content)
    if (size !== String(found.size)) throw new Refusal(400, `size is ${found.size}`)
    if (hash !== found.digest) throw new Refusal(400, `hash is ${found.digest}`)
    artifact.done = true
    return artifact
  }

  #complete(): Artifact[] {
    return this.#artifacts.filter(({ done }) => done)
  }

  #find({ name_filter: name, id_filter: id }: Call): Artifact[] {
    return this.#complete().filter(
      artifact =>
        (name === undefined || artifact.name === name) &&
        (id === undefined || String(artifact.id) === id)
    )
  }

  #named({ name, workflow_job_run_backend_id: job }: Call): Artifact {
    const found = this.#complete().find(one => one.name === name && one.job === job)
    if (found === undefined) throw new Refusal(404, 'no such artifact')
    return found
  }

  #describe({ id, name, job, blob, createdAt }: Artifact): unknown {
    const { size, digest } = measure(this.blobs.content(blob) ?? Buffer.alloc(0))
    return {
      workflow_run_backend_id: this.#run,
      workflow_job_run_backend_id: job,
      database_id: String(id),
      name,
      size: String(size),
      created_at: createdAt,
      digest
    }
  }
}

function measure(content: Buffer): { size: number; digest: string } {
  const hash = createHash('sha256').update(content).digest('hex')
  return { size: content.length, digest: `sha256:${hash}` }
}

function twirpError(status: number, msg: string): Answer {
  return json(status, { code: CODES[status] ?? 'internal', msg })
}
