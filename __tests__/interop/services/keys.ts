import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Place } from './place.ts'

/** The CT server refuses a key that is not encrypted, or with an empty password. */
export const CTLOG_PASSWORD = 'ctlog'

/** A key pair for each log, as its server wants it, in `NAME.key` and `NAME.pub`. */
export function createKeys({ file }: Place): void {
  for (const name of ['rekor-v1', 'rekor-v2', 'ctlog']) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem =
      name === 'ctlog'
        ? privateKey.export({
            ...{ type: 'sec1', format: 'pem' },
            ...{ cipher: 'aes-128-cbc', passphrase: CTLOG_PASSWORD }
          })
        : privateKey.export({ type: 'pkcs8', format: 'pem' })
    writeFileSync(file(`${name}.key`), pem)
    writeFileSync(file(`${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }))
  }
}

/** A key and a certificate of it by itself, both PEM and in `NAME.key` and `NAME.crt`. */
export function createCertificate(
  { file }: Place,
  name: string,
  host: string
): { key: Buffer; cert: Buffer } {
  const [key, cert] = [file(`${name}.key`), file(`${name}.crt`)]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-noenc', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
      ...['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`],
      ...['-keyout', key, '-out', cert]
    ],
    { stdio: 'ignore' }
  )
  return { key: readFileSync(key), cert: readFileSync(cert) }
}
