import { createHash } from 'node:crypto'

/** The one spelling of a digest that is taken anywhere: `sha256:` and 64 small hexadecimal digits. */
const DIGEST = /^sha256:[0-9a-f]{64}$/

/** Whether a text is a digest, and so safe to ask for (CVE-2024-3727 was digests that were not checked). */
export function isDigest(text: unknown): text is string {
  return typeof text === 'string' && DIGEST.test(text)
}

/** What follows the algorithm: 64 small hexadecimal digits. */
export function hexOf(digest: string): string {
  return digest.replace(/^sha256:/, '')
}

/** The digest of bytes, as the distribution specification writes it. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
