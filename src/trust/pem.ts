/**
 * DER of the certificate or public key in a text in PEM. Nothing where the text is not one such block
 * and nothing else: a second one could be what another reader takes.
 */
export function readPem(text: string): { certificate: Buffer } | { key: Buffer } | undefined {
  const match =
    /^\s*-----BEGIN (CERTIFICATE|PUBLIC KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----\s*$/.exec(text)
  if (!match) return undefined
  const der = Buffer.from(match[2] ?? '', 'base64')
  return match[1] === 'CERTIFICATE' ? { certificate: der } : { key: der }
}
