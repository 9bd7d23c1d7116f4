import { readFile } from 'node:fs/promises'
import { createHttp, type Log } from '../src/http.ts'
import { serializeBundle } from '../src/sigstore/bundle.ts'
import { issuerOf, requestIdentity } from '../src/sigstore/identity.ts'
import { openSession, type Session } from '../src/sigstore/session.ts'
import { parseSigningConfig, selectServices } from '../src/sigstore/signing-config.ts'
import { hashForSigning } from '../src/subjects/digest.ts'

const DEADLINE = 5 * 60_000

/** Everything to the error stream, as the suites read none of it. */
export const log: Log = {
  debug: () => undefined,
  info: message => {
    console.error(message)
  },
  warning: message => {
    console.error(message)
  }
}

/** Opens a session that signs under the identity of a token, with these services. */
export function openSigner(token: string, signingConfig: string): Session {
  return openSession({
    services: selectServices(parseSigningConfig(signingConfig), new Date()),
    // The suites' tokens are those of a GitHub workflow.
    identity: () =>
      requestIdentity(() => Promise.resolve(token), { issuer: issuerOf('https://github.com') }),
    http: createHttp({ deadline: performance.now() + DEADLINE, log }),
    log
  })
}

/** Signs a file, or the in-toto statement in it, and returns the bundle as JSON. */
export async function sign(order: {
  file: string
  token: string
  inToto: boolean
  /** JSON text. */
  signingConfig: string
}): Promise<string> {
  const session = openSigner(order.token, order.signingConfig)
  // Not verified here: the suite does that next, with this client and its trusted root.
  const bundle = order.inToto
    ? await session.signStatement(await readFile(order.file))
    : await session.signDigest(await digestOf(order.file))
  return serializeBundle(bundle)
}

async function digestOf(file: string): Promise<Buffer> {
  const [subject] = await hashForSigning([{ real: file }], { log })
  return Buffer.from(subject?.hashed.digest ?? '', 'hex')
}
