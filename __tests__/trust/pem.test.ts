import { expect, it } from '@jest/globals'
import { readPem } from '../../src/trust/pem.ts'

const DER = Buffer.from('the DER of something that is longer than one line of PEM is wide')
const LINES = DER.toString('base64').replace(/.{64}/g, '$&\n')
const block = (label: string, end = label): string =>
  `-----BEGIN ${label}-----\n${LINES}\n-----END ${end}-----\n`

it.each(['', '\n', ' \r\n\t'])('reads a certificate or a key with %j around it', space => {
  expect(readPem(space + block('CERTIFICATE') + space)).toEqual({ certificate: DER })
  expect(readPem(space + block('PUBLIC KEY') + space)).toEqual({ key: DER })
  expect(readPem(block('PUBLIC KEY').trim())).toEqual({ key: DER })
})

it.each([
  ['nothing', ''],
  ['the content alone', LINES],
  ['another block', block('PRIVATE KEY')],
  ['an end of another block', block('CERTIFICATE', 'PUBLIC KEY')],
  ['a block without content', '-----BEGIN CERTIFICATE----------END CERTIFICATE-----'],
  ['what is no base64', block('CERTIFICATE').replace('\n', '\n!')],
  ['a header', block('CERTIFICATE').replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n')],
  ['two blocks', block('CERTIFICATE') + block('CERTIFICATE')],
  ['text before it', `x${block('CERTIFICATE')}`],
  ['text behind it', `${block('CERTIFICATE')}x`]
])('reads nothing of %s', (_, text) => {
  expect(readPem(text)).toBeUndefined()
})
