import type { Donors } from './mutation.ts'

/** A kind of signature that is accepted: a valid one of it as text, and others to take fields from. */
export type Kind = {
  name: string
  honest: string
  donors: Donors<string>
  /**
   * What is read of a text. Undefined where it is no document that could come here, as another reader
   * has refused it before.
   * @throws KeylessError
   */
  read: (text: string) => unknown
  /** @throws KeylessError */
  verify: (read: unknown) => Promise<unknown>
}
