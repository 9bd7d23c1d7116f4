import { KeylessError, type Code } from '../../errors.ts'
import type { Time } from '../../http.ts'
import type { Descriptor } from '../descriptor.ts'
import type { Document } from '../document.ts'
import type { Registry } from '../client.ts'
import type { Condition, Manifest } from '../manifest.ts'
import type { Repository } from '../reference.ts'

/** How the entries of a shared tag are written down. */
export type Form = {
  /** What is in the manifest that the tag has now. Error: ATTACHMENT_TAG_INVALID. */
  read(manifest: Manifest): Content
  /** The manifest that has these entries. Puts what it refers to into the registry first. */
  write(content: Content): Promise<{ mediaType: string; bytes: Buffer }>
  /** Two entries with one name are the same entry. */
  name(entry: Descriptor): string
}

/** `rest`: the fields besides the entries, which a write keeps. */
export type Content = { entries: Descriptor[]; rest: Document }

/** Which conditions a host was seen to keep; one for the whole run. Keys: condition and host. */
export type Promises = Map<string, boolean>

// milliseconds
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 4_000
/** How long a tag must have stayed as it is, where no condition guards it. */
const QUIET = 4_000
const LONGEST_LAG = 3_000
/** How long a tag that stays as it is may lack something. */
const PATIENCE = 60_000
const LIMIT = 300_000

const REFUSALS = new Set<Code>(['REGISTRY_REFUSED', 'REGISTRY_FORBIDDEN'])

/**
 * A tag whose manifest is a set that many writers add to, none of whom knows the others: OCI's tag of
 * referrers, cosign's `.sig`. Each writer reads, adds and writes, so one that read before another wrote
 * takes the other's entry away (research/reliability.md §4.5). Where the registry keeps If-Match and
 * If-None-Match that cannot happen. Where it does not, each writer goes on reading for a while, and
 * writes the union of all that it ever saw when some of it is gone: states that lost something are
 * replaced as long as a writer is there that knows better, and nobody leaves before the tag was quiet.
 *
 * One object a tag and run: what is added while it works goes along with the same writes.
 */
export class SharedTag {
  readonly #registry: Registry
  readonly #repository: Repository
  readonly #tag: string
  readonly #form: Form
  readonly #promises: Promises
  readonly #time: Time
  /** All that was ever seen, and ours. */
  readonly #known = new Map<string, Descriptor>()
  #working: Promise<void> | undefined
  #guarded = true

  constructor(options: {
    registry: Registry
    repository: Repository
    tag: string
    form: Form
    promises: Promises
    time: Time
  }) {
    this.#registry = options.registry
    this.#repository = options.repository
    this.#tag = options.tag
    this.#form = options.form
    this.#promises = options.promises
    this.#time = options.time
  }

  /**
   * Whether every write so far was under a condition that the registry keeps. When it was not, a slow writer
   * elsewhere can still take entries away after this run.
   */
  get guarded(): boolean {
    return this.#guarded
  }

  /**
   * Adds entries. Resolves when the tag holds them, and all that was ever seen in it, and nothing speaks
   * for its losing them.
   * @throws KeylessError ATTACHMENT_NOT_LISTED, ATTACHMENT_TAG_INVALID, ATTACHMENT_TAG_REFUSED
   */
  async add(entries: readonly Descriptor[]): Promise<void> {
    for (const entry of entries) this.#known.set(this.#form.name(entry), entry)
    await this.check()
  }

  /** Looks again, and adds again what is gone. Errors as `add`. */
  async check(): Promise<void> {
    // A round that is under way reads at least once more, and takes new entries along.
    this.#working ??= this.#converge()
    await this.#working
  }

  async #converge(): Promise<void> {
    const time = this.#time
    const start = time.now()
    let view: string | undefined
    // A tag that nothing was written to needs no watching.
    let safe = true
    let refused: { digest: string | undefined } | undefined
    let [changed, wrote, lag, writes, pauses] = [start, start, 0, 0, 0]
    try {
      for (;;) {
        const current = await this.#registry.getManifest(this.#repository, this.#tag)
        const now = time.now()
        const { content, names, lost } = this.#merge(current)
        if (names !== view) changed = now
        view = names

        if (lost.length === 0) {
          const left = changed + QUIET + 2 * lag - now
          if (safe || left <= 0) return
          if (now - start < LIMIT) {
            await time.sleep(Math.max(FIRST_PAUSE, time.random() * left))
            continue
          }
        }
        if (now - changed >= PATIENCE || now - start >= LIMIT) {
          throw this.#unsettled(lost, now - start)
        }
        if (writes > 0) lag = Math.min(LONGEST_LAG, now - wrote)
        // What was refused over a state that is still shown would be refused again: the state is stale.
        if (refused === undefined || refused.digest !== current?.digest) {
          // Straight after the read: what others write in between is lost.
          const outcome = await this.#write(content, current)
          if (outcome === 'refused') refused = { digest: current?.digest }
          else {
            safe = outcome === 'guarded'
            wrote = time.now()
            writes += 1
            if (safe) continue
          }
        }
        await time.sleep(time.random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** ++pauses))
      }
    } finally {
      // In the same turn as the last look: who adds afterwards must not take that for theirs.
      this.#working = undefined
    }
  }

  /** What the tag should hold, and what of it the tag does not hold now. */
  #merge(current: Manifest | undefined): { content: Content; names: string; lost: Descriptor[] } {
    const { entries, rest } = current ? this.#form.read(current) : { entries: [], rest: {} }
    const present = new Map(entries.map(entry => [this.#form.name(entry), entry]))
    for (const [name, entry] of present) if (!this.#known.has(name)) this.#known.set(name, entry)
    const lost = [...this.#known].filter(([name]) => !present.has(name)).map(([, entry]) => entry)
    const names = [...present.keys()].sort().join('\n')
    return { content: { entries: [...present.values(), ...lost], rest }, names, lost }
  }

  async #write(
    content: Content,
    current: Manifest | undefined
  ): Promise<'guarded' | 'unguarded' | 'refused'> {
    const manifest = await this.#form.write(content)
    const condition = conditionOf(current)
    const put = (): Promise<boolean> =>
      this.#registry.putManifest(this.#repository, this.#tag, manifest, condition)
    try {
      if (!(await put())) return 'refused'
    } catch (error) {
      throw isRefusal(error) ? this.#tagRefused(error) : error
    }
    const key = condition && `${Object.keys(condition).join()} ${this.#repository.host}`
    if (key !== undefined && !this.#promises.has(key)) {
      // Many registries send ETags and take no notice of conditions. Now that this one wrote, the same
      // condition no longer holds: who keeps it refuses. So does who lets no tag be written twice.
      const again = await put().catch((error: unknown) => {
        if (isRefusal(error)) return false
        throw error
      })
      this.#promises.set(key, !again)
    }
    const guarded = key !== undefined && this.#promises.get(key) === true
    this.#guarded &&= guarded
    return guarded ? 'guarded' : 'unguarded'
  }

  get #place(): string {
    return `${this.#repository.name}:${this.#tag}`
  }

  #unsettled(lost: readonly Descriptor[], spent: number): KeylessError {
    const seconds = Math.round(spent / 1000)
    const what =
      lost.length === 0
        ? 'is still being written by others'
        : `still lacks ${lost.length} of its ${this.#known.size} entries, ${lost[0]?.digest ?? ''} first`
    return new KeylessError(
      'ATTACHMENT_NOT_LISTED',
      `The tag ${this.#place} ${what} after ${seconds} s, so that not everything would be found. ` +
        'Let one job at a time sign an image (concurrency), and run again.'
    )
  }

  /** The same registry took a manifest under its digest a moment ago: it is the tag that is refused. */
  #tagRefused(cause: KeylessError): KeylessError {
    return new KeylessError(
      'ATTACHMENT_TAG_REFUSED',
      `The registry does not let the tag ${this.#place} be written, which lists what is attached to the ` +
        'image. If its tags are immutable, exempt those that begin with "sha256-". ' +
        cause.message,
      { cause }
    )
  }
}

function isRefusal(error: unknown): error is KeylessError {
  return error instanceof KeylessError && REFUSALS.has(error.code)
}

function conditionOf(current: Manifest | undefined): Condition | undefined {
  if (current === undefined) return { ifNoneMatch: '*' }
  // A weak ETag never matches (RFC 9110 §13.1.1).
  if (current.etag === undefined || current.etag.startsWith('W/')) return undefined
  return { ifMatch: current.etag }
}
