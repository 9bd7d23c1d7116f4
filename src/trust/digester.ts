/**
 * Digest, in lower-case hexadecimal, of the bytes in question: bytes that we hashed ourselves.
 * May be asked several times for one algorithm; the caller remembers.
 */
export type Digester = (algorithm: HashName) => Promise<string>

export type HashName = 'sha256' | 'sha384' | 'sha512'
