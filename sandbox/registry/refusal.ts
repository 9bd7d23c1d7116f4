import { type Answer, json } from '../server.ts'

/**
 * An error that a registry answers with, in the form that the specification gives it.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
export class RegistryRefusal extends Error {
  readonly answer: Answer

  constructor(status: number, code: string, message: string, headers?: Record<string, string>) {
    super(message)
    this.answer = json(status, { errors: [{ code, message, detail: {} }] }, headers)
  }
}
