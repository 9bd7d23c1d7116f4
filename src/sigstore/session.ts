import { createHash } from 'node:crypto'

import type { Bundle } from '@sigstore/bundle'
import { dsse as envelopes } from '@sigstore/core'
import pLimit, { type LimitFunction } from 'p-limit'

import { KeylessError } from '../errors.ts'
import { TIME, backoff, type Http, type Log, type Time } from '../http.ts'
import { STATEMENT_TYPE, messageBundle, statementBundle } from './bundle.ts'
import { openCeremony, type Ceremony } from './ceremony.ts'
import type { LogEntry } from './entry.ts'
import type { IdentityToken } from './identity.ts'
import { dsse, hashedRekord, logEntry, type Proposal } from './rekor.ts'
import { logSignature, type SignedDigest } from './rekor-tiles.ts'
import type { SelectedService } from './selection.ts'
import type { Services } from './signing-config.ts'
import { requestTimestamp } from './timestamp.ts'

/** Signatures that wait for their witnesses at the same time; more brings nothing. */
const POOL = 32
/** The same for Rekor v2, where every entry waits for the next checkpoint: so many share one. */
const TILES_POOL = 100
/** Certificates in a row that may go by without one signature finished. */
const MOST_CEREMONIES = 3
/** Signatures in a row, of the same thing, that Rekor v2 may say it has already. Each is an entry there. */
const MOST_CONFLICTS = 8

/** What costs a signature, and not the run. */
const LOSSES = new Set<string>(['REQUEST_EXPIRED', 'REKOR_CONFLICT'])

export type SessionOptions = {
  services: Services
  /** Gets a fresh identity token, each time that it is called. */
  identity: () => Promise<IdentityToken>
  http: Http
  log: Log
  /** Http's. */
  time?: Time
}

/** A signature without witnesses. Rekor v2 is sent what was signed, v1 a proposal. */
type Draft = SignedDigest & { bundle: Bundle; proposal: () => Proposal }

/**
 * Signs any number of things with one ephemeral key and one certificate, asked for at the first signature
 * and renewed when it is too old to get witnesses in its lifetime. Every bundle has all its witnesses:
 * the log entry and the timestamps, asked for in parallel.
 * Errors: those of requestIdentity, requestCertificate, logEntry, logSignature, requestTimestamp; NO_PROGRESS. After
 * the first, whatever still waits for its turn fails with it: signing is all or nothing.
 */
export class Session {
  readonly #options: SessionOptions
  readonly #time: Time
  readonly #pool: LimitFunction
  #ceremony: Promise<Ceremony> | undefined
  #failure: Error | undefined
  #certificates = 0
  #withoutProgress = 0
  #lastLoss = ''

  constructor(options: SessionOptions) {
    this.#options = options
    this.#time = options.time ?? TIME
    this.#pool = pLimit(options.services.rekor?.majorApiVersion === 2 ? TILES_POOL : POOL)
  }

  /** How many certificates were issued so far. */
  get certificates(): number {
    return this.#certificates
  }

  /** Signs bytes by their SHA-256. Give only a digest of bytes that you hashed yourself. */
  signDigest(sha256: Uint8Array): Promise<Bundle> {
    return this.#sign(({ key, certificate }) => {
      const parts = { sha256, signature: key.signDigest(sha256), certificate: certificate.der }
      return { ...parts, bundle: messageBundle(parts), proposal: () => hashedRekord(parts) }
    })
  }

  /** Signs an in-toto statement, given as the bytes of its JSON, in a DSSE envelope. */
  signStatement(payload: Buffer): Promise<Bundle> {
    const pae = envelopes.preAuthEncoding(STATEMENT_TYPE, payload)
    const sha256 = createHash('sha256').update(pae).digest()
    const payloadSha256 = createHash('sha256').update(payload).digest()
    return this.#sign(({ key, certificate }) => {
      const parts = { sha256, signature: key.signDigest(sha256), certificate: certificate.der }
      const bundle = statementBundle({ ...parts, payload })
      const envelope = bundle.content.dsseEnvelope
      return { ...parts, bundle, proposal: () => dsse({ ...parts, envelope, payloadSha256 }) }
    })
  }

  #sign(draft: (ceremony: Ceremony) => Draft): Promise<Bundle> {
    return this.#pool(async () => {
      if (this.#failure !== undefined) throw this.#failure
      try {
        for (let conflicts = 0; ;) {
          const ceremony = await this.#current()
          const made = draft(ceremony)
          const lost = await this.#witness(made, ceremony)
          if (lost === undefined) {
            this.#withoutProgress = 0
            return made.bundle
          }
          if (lost.code !== 'REKOR_CONFLICT') continue
          conflicts += 1
          if (conflicts === MOST_CONFLICTS) throw lost
          this.#options.log.info('Rekor has an entry already, without proof (409); signing anew')
          await this.#time.sleep(backoff(conflicts, this.#time))
        }
      } catch (error) {
        if (error instanceof Error) this.#failure ??= error
        throw error
      }
    })
  }

  /**
   * Adds all witnesses, or returns why the signature is lost and has to be made again: its certificate grew
   * too old before they came, or the log's proof of it cannot be had any more.
   */
  async #witness(draft: Draft, { expires }: Ceremony): Promise<KeylessError | undefined> {
    const { http, services } = this.#options
    const material = draft.bundle.verificationMaterial
    try {
      const [entry, ...timestamps] = await Promise.all([
        services.rekor && this.#log(draft, services.rekor, expires),
        ...services.timestampAuthorities.map(({ url }) =>
          requestTimestamp(http, url, draft.signature, expires)
        )
      ])
      material.tlogEntries = entry === undefined ? [] : [entry]
      material.timestampVerificationData = {
        rfc3161Timestamps: timestamps.map(signedTimestamp => ({ signedTimestamp }))
      }
      return undefined
    } catch (error) {
      if (!(error instanceof KeylessError) || !LOSSES.has(error.code)) throw error
      this.#lastLoss = error.message
      return error
    }
  }

  #log(
    draft: Draft,
    { url, majorApiVersion }: SelectedService,
    expires: number
  ): Promise<LogEntry> {
    const { http } = this.#options
    return majorApiVersion === 2
      ? logSignature(http, url, draft, expires)
      : logEntry(http, url, draft.proposal(), expires)
  }

  async #current(): Promise<Ceremony> {
    for (;;) {
      const held = (this.#ceremony ??= this.#renew())
      const ceremony = await held
      if (this.#time.now() < ceremony.expires) return ceremony
      // whoever sees it first lets go of it; the others then find the new one
      if (this.#ceremony === held) this.#ceremony = undefined
    }
  }

  async #renew(): Promise<Ceremony> {
    if (this.#withoutProgress === MOST_CEREMONIES) {
      throw new KeylessError(
        'NO_PROGRESS',
        `Not one signature got all its witnesses under ${MOST_CEREMONIES} certificates in a row, so no further ` +
          `certificate is asked for; what failed last: ${this.#lastLoss}`
      )
    }
    this.#withoutProgress += 1
    const ceremony = await openCeremony(this.#options, this.#time)
    this.#certificates += 1
    this.#options.log.info(`Fulcio issued certificate ${this.#certificates} of this run`)
    return ceremony
  }
}

/** Opens a session; nothing is asked of anybody before the first signature. */
export function openSession(options: SessionOptions): Session {
  return new Session(options)
}
