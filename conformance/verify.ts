import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { KeylessError } from '../src/errors.ts'
import { parseBundle } from '../src/trust/bundle.ts'
import type { Digester } from '../src/trust/digester.ts'
import { identityPolicy } from '../src/trust/policy-inputs.ts'
import { parseTrustedRoots } from '../src/trust/root.ts'
import { verifyBundle, type Signer, type Verified } from '../src/trust/verify.ts'

export type Question = {
  /** Path. */
  bundle: string
  /** Path, or `sha256:` and hexadecimal. */
  artifact: string
  /** JSON text. */
  trustedRoot: string
  identity?: string | undefined
  issuer?: string | undefined
  /** Path of a public key in PEM. */
  key?: string | undefined
}

/** Verifies as the suite asks: of any kind, about this artifact, by this identity or key. */
export async function verify(question: Question): Promise<Verified> {
  const { bundle, artifact, trustedRoot, identity, issuer, key } = question
  return verifyBundle(parseBundle(await readFile(bundle, 'utf8'), bundle), {
    roots: parseTrustedRoots(trustedRoot, 'the trusted root'),
    digest: await digester(artifact),
    expect: { kind: 'any' },
    signer: key === undefined ? byIdentity(identity, issuer) : { key: await readKey(key) }
  })
}

/** Both exact; an absent one is refused. */
export function byIdentity(identity: string | undefined, issuer: string | undefined): Signer {
  const inputs = { certificateIdentity: identity, certificateOidcIssuer: issuer }
  return { identity: identityPolicy(inputs, {}) }
}

/** A public key in PEM. */
export async function readKey(path: string): Promise<KeyObject> {
  try {
    return createPublicKey(await readFile(path))
  } catch (cause) {
    throw new KeylessError('KEY_UNSUPPORTED', `${path} is not a public key in PEM`, { cause })
  }
}

async function digester(artifact: string): Promise<Digester> {
  const digest = /^sha256:([0-9a-f]{64})$/.exec(artifact)?.[1]
  if (digest === undefined || existsSync(artifact)) {
    const bytes = await readFile(artifact)
    return algorithm => Promise.resolve(createHash(algorithm).update(bytes).digest('hex'))
  }
  return algorithm =>
    algorithm === 'sha256'
      ? Promise.resolve(digest)
      : Promise.reject(
          new KeylessError('DIGEST_ALGORITHM', `${algorithm} is asked for, sha256 is given`)
        )
}
