/**
 * The package `sigstore` as a command, which it does not have itself: `sign OPTIONS FILE BUNDLE` and
 * `verify OPTIONS FILE BUNDLE`, with its own options as JSON.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { type Bundle, type SignOptions, type VerifyOptions, sign, verify } from 'sigstore'

const [verb, options = '', file = '', bundle = ''] = process.argv.slice(2)
const data = await readFile(file)
if (verb === 'sign') {
  await writeFile(bundle, JSON.stringify(await sign(data, JSON.parse(options) as SignOptions)))
} else if (verb === 'verify') {
  const signed = JSON.parse(await readFile(bundle, 'utf8')) as Bundle
  await verify(signed, data, JSON.parse(options) as VerifyOptions)
} else throw new Error(`sign or verify, not ${verb ?? 'nothing'}`)
