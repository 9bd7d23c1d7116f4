import { expect, it } from '@jest/globals'

import { refused, unauthorized } from '../../src/registry/failures.ts'
import { parseReference } from '../../src/registry/reference.ts'

const denied = (message: string) => ({
  status: 403,
  headers: {},
  body: Buffer.from(JSON.stringify({ errors: [{ code: 'DENIED', message }] }))
})
const of = (name: string) => parseReference(name, 'images').repository

it('says which permission is missing for a package of GitHub', () => {
  expect(
    refused(of('ghcr.io/o/app'), 'write', denied('permission_denied: write_package')).message
  ).toBe(
    'The registry ghcr.io refused to let ghcr.io/o/app be written to (403 Forbidden: ' +
      '"DENIED: permission_denied: write_package"). Add permissions: packages: write to the job, and in ' +
      "the package's settings let this repository's workflows write to it."
  )
  expect(refused(of('ghcr.io/o/app'), 'read', denied('x')).message).toContain('packages: read')
})

it('names the registry as docker/login-action wants it', () => {
  expect(unauthorized(of('alpine'), false).message).toContain('registry: docker.io.')
  expect(unauthorized(of('ghcr.io/o/app'), false).message).toContain('registry: ghcr.io.')
})

it('brings neither lines nor long tokens of a registry into a message', () => {
  const words = `x\n::error::y \u202e ${'t'.repeat(40)} ${'long '.repeat(200)}`
  const { message } = refused(of('ghcr.io/o/app'), 'write', denied(words))
  expect(message).not.toMatch(/[\n\u202e]|t{24}/)
  expect(message.length).toBeLessThan(600)
})
