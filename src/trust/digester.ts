import { KeylessError } from '../errors.ts'

/**
 * Digest, in lower-case hexadecimal, of the bytes in question: bytes that we hashed ourselves.
 * May be asked several times for one algorithm; the caller remembers.
 */
export type Digester = (algorithm: HashName) => Promise<string>

export type HashName = 'sha256' | 'sha384' | 'sha512'

/**
 * Of what is known by its SHA-256 alone: an image, a model, or a file whose signature we made.
 *
 * @param sha256 in lower-case hexadecimal
 */
export function sha256Only(sha256: string): Digester {
  return algorithm =>
    algorithm === 'sha256'
      ? Promise.resolve(sha256)
      : Promise.reject(
          new KeylessError(
            'SUBJECT_MISMATCH',
            `The bundle names what it is about by ${algorithm} alone, and the subject is known by its sha256.`
          )
        )
}
