import { it } from '@jest/globals'
import fc from 'fast-check'
import { explanation, fromOutside } from '../../src/http/words.ts'
import { parseSigningConfig, selectServices } from '../../src/sigstore/signing-config.ts'
import { parseChecksums } from '../../src/subjects/checksums.ts'
import { expectOnlyOurs, mutants, textOf } from './property.ts'

const SERVICE = {
  url: 'https://log.example',
  majorApiVersion: 1,
  validFor: { start: '2020-01-01T00:00:00Z', end: '2099-01-01T00:00:00Z' },
  operator: 'o'
}

it('signing configs', async () => {
  const config = {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [SERVICE],
    rekorTlogUrls: [SERVICE, { ...SERVICE, majorApiVersion: 2 }],
    tsaUrls: [SERVICE],
    rekorTlogConfig: { selector: 'ANY' },
    tsaConfig: { selector: 'EXACT', count: 1 }
  }
  await expectOnlyOurs(mutants(config), text => {
    selectServices(parseSigningConfig(text), new Date('2026-01-01'))
  })
})

it('checksum files', async () => {
  const hex = 'a'.repeat(64)
  const text = textOf(
    `${hex}  f`,
    `${hex} *a/b`,
    `\\${hex}  `,
    `SHA256 (f) = ${hex}`,
    '\n',
    '/',
    '\\',
    '..',
    ' '
  )
  await expectOnlyOurs(fc.array(text, { maxLength: 3 }), texts => {
    parseChecksums(texts.map((each, i) => ({ name: `list-${i}`, text: each })))
  })
})

it('what a service says', async () => {
  const text = textOf('//', '@', '?', 'a', ' ', '{"message":"', '"}', 'eyJ', '\u202e')
  await expectOnlyOurs(text, each => [fromOutside(each), explanation(Buffer.from(each))])
})
