import { createHash } from 'node:crypto'

import type { Bundle } from '@sigstore/bundle'
import { dsse as envelopes } from '@sigstore/core'
import pLimit, { type LimitFunction } from 'p-limit'

import { KeylessError } from '../errors.ts'
import type { Http, Log } from '../http.ts'
import { STATEMENT_TYPE, messageBundle, statementBundle } from './bundle.ts'
import { openCeremony, type Ceremony } from './ceremony.ts'
import type { IdentityToken } from './identity.ts'
import { dsse, hashedRekord, logEntry, type Proposal } from './rekor.ts'
import type { Services } from './signing-config.ts'
import { requestTimestamp } from './timestamp.ts'

/** Signatures that wait for their witnesses at the same time (Rekor v1: more brings nothing). */
const POOL = 32
/** Certificates in a row that may go by without one signature finished. */
const MOST_CEREMONIES = 3

export type SessionOptions = {
  services: Services
  /** Gets a fresh identity token, each time that it is called. */
  identity: () => Promise<IdentityToken>
  http: Http
  log: Log
  /** Monotonic milliseconds, the clock of Http's deadline. */
  clock?: () => number
}

type Draft = { bundle: Bundle; signature: Buffer; proposal: Proposal }

/**
 * Signs any number of things with one ephemeral key and one certificate, asked for at the first signature
 * and renewed when it is too old to get witnesses in its lifetime. Every bundle has all its witnesses:
 * the log entry and the timestamps, asked for in parallel.
 * Errors: those of requestIdentity, requestCertificate, logEntry, requestTimestamp; NO_PROGRESS. After
 * the first, whatever still waits for its turn fails with it: signing is all or nothing.
 */
export class Session {
  readonly #options: SessionOptions
  readonly #clock: () => number
  readonly #pool: LimitFunction = pLimit(POOL)
  #ceremony: Promise<Ceremony> | undefined
  #failure: Error | undefined
  #certificates = 0
  #withoutProgress = 0
  #lastLoss = ''

  constructor(options: SessionOptions) {
    this.#options = options
    this.#clock = options.clock ?? (() => performance.now())
  }

  /** How many certificates were issued so far. */
  get certificates(): number {
    return this.#certificates
  }

  /** Signs bytes by their SHA-256. Give only a digest of bytes that you hashed yourself. */
  signDigest(sha256: Uint8Array): Promise<Bundle> {
    return this.#sign(({ key, certificate }) => {
      const parts = { sha256, signature: key.signDigest(sha256), certificate: certificate.der }
      return { ...parts, bundle: messageBundle(parts), proposal: hashedRekord(parts) }
    })
  }

  /** Signs an in-toto statement, given as the bytes of its JSON, in a DSSE envelope. */
  signStatement(payload: Uint8Array): Promise<Bundle> {
    const pae = envelopes.preAuthEncoding(STATEMENT_TYPE, Buffer.from(payload))
    const payloadSha256 = createHash('sha256').update(payload).digest()
    return this.#sign(({ key, certificate }) => {
      const parts = { payload, signature: key.sign(pae), certificate: certificate.der }
      const bundle = statementBundle(parts)
      const envelope = bundle.content.dsseEnvelope
      return { ...parts, bundle, proposal: dsse({ ...parts, envelope, payloadSha256 }) }
    })
  }

  #sign(draft: (ceremony: Ceremony) => Draft): Promise<Bundle> {
    return this.#pool(async () => {
      if (this.#failure !== undefined) throw this.#failure
      try {
        for (;;) {
          const ceremony = await this.#current()
          const made = draft(ceremony)
          if (!(await this.#witness(made, ceremony))) continue
          this.#withoutProgress = 0
          return made.bundle
        }
      } catch (error) {
        if (error instanceof Error) this.#failure ??= error
        throw error
      }
    })
  }

  /** Adds all witnesses, or returns false when the certificate grew too old before they came. */
  async #witness({ bundle, signature, proposal }: Draft, { expires }: Ceremony): Promise<boolean> {
    const { http, services } = this.#options
    const material = bundle.verificationMaterial
    try {
      const [entry, ...timestamps] = await Promise.all([
        services.rekor && logEntry(http, services.rekor.url, proposal, expires),
        ...services.timestampAuthorities.map(({ url }) =>
          requestTimestamp(http, url, signature, expires)
        )
      ])
      material.tlogEntries = entry === undefined ? [] : [entry]
      material.timestampVerificationData = {
        rfc3161Timestamps: timestamps.map(signedTimestamp => ({ signedTimestamp }))
      }
      return true
    } catch (error) {
      if (!(error instanceof KeylessError) || error.code !== 'REQUEST_EXPIRED') throw error
      this.#lastLoss = error.message
      return false
    }
  }

  async #current(): Promise<Ceremony> {
    for (;;) {
      const held = (this.#ceremony ??= this.#renew())
      const ceremony = await held
      if (this.#clock() < ceremony.expires) return ceremony
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
    const ceremony = await openCeremony(this.#options, this.#clock)
    this.#certificates += 1
    this.#options.log.info(`Fulcio issued certificate ${this.#certificates} of this run`)
    return ceremony
  }
}

/** Opens a session; nothing is asked of anybody before the first signature. */
export function openSession(options: SessionOptions): Session {
  return new Session(options)
}
