import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import type { Uploaded } from '../../src/sign/publish.ts'
import { verifySteps, type VerifyInputs } from '../../src/sign/verify-steps.ts'

const UPLOADED: Uploaded = { id: 1, name: 'sigstore-job-0', url: 'https://a.example', root: 'out' }

const models = { lines: ['m'], ignorePaths: [], allowSymlinks: false }

function steps(inputs: Partial<VerifyInputs>, uploaded?: Uploaded): string {
  const given = {
    instance: { name: 'auto' as const },
    publish: { local: true, registry: true },
    verifyAction: 'o/k/verify@v1',
    ...inputs
  }
  return verifySteps([], uploaded, given).join('\n')
}

describe('the steps that verify', () => {
  it.each<[string, Partial<VerifyInputs>]>([
    ['the files', { files: ['a'] }],
    ['the model(s)', { models }],
    ['the files, the model(s)', { files: ['a'], models }],
    [
      'the files, the trusted root',
      { files: ['a'], instance: { signingConfig: 's', trustedRoot: 'r' } }
    ],
    [
      'the trusted root',
      {
        images: { lines: ['i'] },
        instance: { signingConfig: 's', trustedRoot: 'r' }
      }
    ]
  ])('say first that %s must be there', (what, inputs) => {
    expect(steps(inputs, UPLOADED)).toMatch(
      `# Bring ${what} here first, each to its place: by actions/checkout (lfs: true, if Git LFS has any of it) or actions/download-artifact.\n- uses: actions/download-artifact@v8\n`
    )
  })

  it('need nothing more for images, which are in their registry', () => {
    expect(steps({ images: { lines: ['i'] } })).toMatch(/^- uses: o\/k\/verify@v1\n/)
  })

  it.each<[VerifyInputs['instance'], Record<string, string>]>([
    [{ name: 'auto' }, {}],
    [{ name: 'public-good' }, { sigstore: 'public-good' }],
    [{ name: 'staging' }, { sigstore: 'staging' }],
    [{ signingConfig: 's', trustedRoot: 'a: b #.json' }, { 'trusted-root': 'a: b #.json\n' }]
  ])('name the instance: %j', (instance, named) => {
    expect(parse(steps({ files: ['a', '*'], instance }, UPLOADED))).toEqual([
      {
        uses: 'actions/download-artifact@v8',
        with: { name: 'sigstore-job-0', path: 'out' }
      },
      { uses: 'o/k/verify@v1', with: { files: 'a\n*\n', ...named } }
    ])
  })
})
