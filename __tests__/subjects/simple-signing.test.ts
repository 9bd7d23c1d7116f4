import { describe, expect, it } from '@jest/globals'
import { simpleSigning } from '../../src/statements/simple-signing.ts'
import { isSimpleSigning } from '../../src/subjects/simple-signing.ts'

const digest = `sha256:${'0'.repeat(64)}`
const image = JSON.stringify({ 'docker-manifest-digest': digest })

describe('is simple signing', () => {
  it.each([
    ['ours', simpleSigning({ name: 'ghcr.io/o/app', digest, annotations: { a: 'b' } }).toString()],
    ['with white space', `\n\t { "critical"\r\n: { "image" :\t${image} } }`],
    ['in capital letters', `{"CRITICAL":{"Image":{"Docker-Manifest-Digest":"${digest}"}}}`],
    ['in letters that Go folds', `{"critical":{"image":{"doc\u212aer-manife\u017ft-digest":""}}}`],
    ['with escapes', `{"\\u0063ritical":{"im\\u0041ge":{"docker-manifest\\u002ddigest":""}}}`],
    ['with an empty object of the same name', `{"critical":{"image":${image}},"critical":{}}`],
    ['with others before it', `{"a":[{"critical":"}"}],"critical":{"type":"]","image":${image}}}`],
    ['with more behind it', `{"critical":{"image":${image}}} []`],
    ['of another type', `{"critical":{"type":"atomic container signature","image":${image}}}`]
  ])('%s', (_, text) => {
    expect(isSimpleSigning(text)).toBe(true)
  })
})

describe('is no simple signing', () => {
  it.each([
    ['', ''],
    ['no JSON', 'critical image docker-manifest-digest'],
    ['what cosign verify prints', `[{"critical":{"image":${image}}}]`],
    ['further within', `{"a":{"critical":{"image":${image}}}}`],
    ['in lists', `{"critical":[{"image":${image}}]}`],
    ['on another level', `{"critical":{"image":{}},"image":${image}}`],
    ['a value', `{"critical":{"image":{"a":"docker-manifest-digest"}}}`],
    ['text that has it', JSON.stringify({ a: `{"critical":{"image":${image}}}` })],
    ['behind something else', `{} {"critical":{"image":${image}}}`],
    ['cut short', '{"critical":{"image":{"docker-manifest-digest'],
    ['many brackets', '['.repeat(1_000_000)]
  ])('%s', (_, text) => {
    expect(isSimpleSigning(text)).toBe(false)
  })
})
