import { createHash } from 'node:crypto'
import { RegistryRefusal } from './refusal.ts'

/** `sha256:` and hexadecimal. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

export const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/.test(text)

/** @throws RegistryRefusal DIGEST_INVALID unless the digest is that of the bytes */
export function checkDigest(digest: string, bytes: Uint8Array): void {
  if (digest === digestOf(bytes)) return
  throw new RegistryRefusal(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content')
}
