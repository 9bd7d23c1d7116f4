import { expect, it } from '@jest/globals'

import { secretsOf, withoutEcho } from '../../src/registry/echo.ts'
import { refused } from '../../src/registry/failures.ts'
import { parseReference } from '../../src/registry/reference.ts'
import { basic } from '../../src/registry/token.ts'

const { repository } = parseReference('ghcr.io/o/app', 'images')
const password = 'p"w/&\u00e9<1'

it.each([
  ['as it is', `no ${password}`],
  ['in JSON', JSON.stringify({ message: `no ${password}` })],
  ['in JSON as Go writes it', '{"errors":[{"message":"no p\\"w/\\u0026\u00e9\\u003c1"}]}'],
  ['in JSON with every escape', '{"error":"no \\u0070\\"w\\/\\u0026\\u00e9\\u003c1"}']
])('a password that a refusal repeats does not get into its message, %s', (_, text) => {
  const secrets = secretsOf(basic({ username: 'user', password }))
  const answer = withoutEcho({ status: 400, headers: {}, body: Buffer.from(text) }, secrets)
  const { message } = refused(repository, 'read', answer)
  expect(message).toContain('no ***')
  expect(message).not.toContain('w/')
})

it('other answers are left as they are', () => {
  const answer = { status: 200, headers: {}, body: Buffer.from(password) }
  expect(withoutEcho(answer, [password])).toBe(answer)
})
