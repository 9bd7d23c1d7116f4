import { describe, expect, it } from '@jest/globals'
import { verifyCommands } from '../../src/sign/commands.ts'

const verified = {
  identity: {
    ...{ subjectAlternativeName: 'https://a.example/b@c', issuer: 'https://i.example' },
    ...{ notBefore: new Date(0), notAfter: new Date(1), claims: {} }
  },
  times: []
}

function modelCommand(instance: Parameters<typeof verifyCommands>[2], name = 'm'): string {
  const bundle = { path: `/w/${name}/model.sig`, name: `${name}/model.sig` }
  const model = {
    ...{ kind: 'model' as const, name, path: `/w/${name}`, sha256: '', single: false, bundle },
    ...{ allowSymlinks: true, signature: { made: '', verified } },
    ...{ files: 1, elsewhere: false, pickles: [] }
  }
  const published = { local: bundle.path }
  const signed = {
    kind: 'model' as const,
    name,
    sha256: '',
    verified,
    published,
    errors: [],
    model
  }
  const [command = ''] = verifyCommands(signed, {}, instance)
  return command
}

describe('the command of model_signing', () => {
  const rest =
    '--signature m/model.sig --identity https://a.example/b@c --identity_provider https://i.example --allow_symlinks m'

  it('names no instance where that is the public one, and staging by its own option', () => {
    expect(modelCommand({ isStaging: false })).toBe(`model_signing verify sigstore ${rest}`)
    expect(modelCommand({ isStaging: true })).toBe(
      `model_signing verify sigstore --use_staging ${rest}`
    )
  })

  it('takes paths that a shell, or an option, would be taken for', () => {
    const command = modelCommand({ isStaging: false, trustedRootPath: "-it's $HOME" }, '-m n')
    expect(command).toMatch(/ '\.\/-it'\\''s \$HOME' \| model_signing verify sigstore /)
    expect(command).toMatch(/ --signature '\.\/-m n\/model\.sig' .* '\.\/-m n'$/)
  })
})
