import { KeylessError } from '../errors.ts'
import type { Time } from '../http.ts'
import { requestCertificate, type Certificate } from './fulcio.ts'
import { generateKey, type EphemeralKey } from './key.ts'
import type { SessionOptions } from './session.ts'

/** A certificate of Fulcio's lives for 10 minutes; the witnesses must come well before its end. */
const LONGEST_USE = 8 * 60_000
/** The part of its life after which a token or a certificate is too old to begin anything with. */
const USABLE = 0.8
const MOST_TOKENS = 3

/** A key, its certificate, and until when (monotonic clock) signatures with them may seek witnesses. */
export type Ceremony = { key: EphemeralKey; certificate: Certificate; expires: number }

/**
 * Gets a token and, with a new key, a certificate. A token that grew old while Fulcio was away and was
 * then refused is replaced by a fresh one (research/reliability.md §4.3); a fresh one is refused for good.
 * Errors: those of requestIdentity and requestCertificate.
 */
export async function openCeremony(
  { services, identity, http, log }: SessionOptions,
  time: Time
): Promise<Ceremony> {
  for (let tokens = 1; ; tokens++) {
    const token = await identity()
    const received = time.now()
    const key = generateKey()
    try {
      const certificate = await requestCertificate(http, services.fulcio.url, token, key)
      const life = certificate.notAfter.getTime() - certificate.notBefore.getTime()
      return { key, certificate, expires: time.now() + Math.min(LONGEST_USE, USABLE * life) }
    } catch (error) {
      const refused = error instanceof KeylessError && error.code === 'FULCIO_REFUSED_TOKEN'
      const life = token.expiresAt.getTime() - token.issuedAt.getTime()
      if (!refused || time.now() - received < USABLE * life || tokens === MOST_TOKENS) throw error
      log.info(
        'Fulcio refused a token that had grown old in waiting; trying again with a fresh one'
      )
    }
  }
}
