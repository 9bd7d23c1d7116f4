import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { useScene } from '../e2e/scene.ts'
import { requestIdToken } from '../id-token.ts'
import { programPath } from './services/install.ts'

const run = promisify(execFile)
const ISSUER = 'https://token.actions.githubusercontent.com'
const IDENTITY =
  'https://github.com/octo-org/octo-models/.github/workflows/release.yml@refs/heads/main'

/** Rekor v1 and v2. */
const LOGS = ['signingConfig', 'signingConfigV2'] as const
type Log = (typeof LOGS)[number]

const scene = useScene()

/** A shell that finds cosign, on a machine that holds nothing of an earlier run. */
const shell = (): { cwd: string; env: Record<string, string> } => ({
  cwd: scene.workspace,
  env: {
    PATH: `${dirname(programPath('cosign'))}:${process.env.PATH ?? ''}`,
    HOME: scene.workspace
  }
})

/** What cosign says. */
async function cosign(...args: string[]): Promise<string> {
  const { stdout, stderr } = await run('cosign', args, shell())
  return stdout + stderr
}

describe('cosign verifies what we sign', () => {
  it('by the very commands that the sign step prints, in a shell', async () => {
    const names = ['model.onnx', "it's $(x) `y`.bin", '-dash.bin', 'a\nb.bin']
    for (const name of names) await scene.write(name, name)
    const { outputs } = await scene.sign({ files: '*', publish: 'local' })
    const commands = (outputs['verify-commands'] ?? '').split('\n')
    expect(commands).toHaveLength(4)
    for (const command of commands) {
      const { stderr } = await run('bash', ['-c', command], shell())
      expect(stderr).toContain('Verified OK')
    }
  })

  it('with Rekor v2, too, and no longer after a byte changed or by a root without that log', async () => {
    await scene.write('a', 'one')
    await scene.write('b', 'two')
    await scene.sign({ files: 'a\nb', 'signing-config': scene.sandbox.signingConfigV2 })
    const root = JSON.parse(await readFile(scene.sandbox.trustedRoot, 'utf8')) as {
      tlogs: unknown[]
    }
    const without = join(scene.sandbox.dir, 'without_rekor2.json')
    await writeFile(without, JSON.stringify({ ...root, tlogs: root.tlogs.slice(0, 1) }))
    const verify = async (name: string, trustedRoot = scene.sandbox.trustedRoot): Promise<string> =>
      await cosign(
        'verify-blob',
        ...['--trusted-root', trustedRoot, '--bundle', `${name}.sigstore.json`],
        ...['--certificate-identity', IDENTITY, '--certificate-oidc-issuer', ISSUER, name]
      )
    // the second is not the first of the log: its proof has a path
    expect(await verify('a')).toContain('Verified OK')
    expect(await verify('b')).toContain('Verified OK')
    await expect(verify('a', without)).rejects.toThrow('not enough verified log entries')
    await appendFile(`${scene.workspace}/a`, 'x')
    await expect(verify('a')).rejects.toThrow('failed to verify signature')
  })

  it.each(LOGS)('a statement, as the adapter of the public suite signs it: %s', async log => {
    await scene.write('a', 'one')
    const sha256 = createHash('sha256').update('one').digest('hex')
    const type = 'https://example.com/test-result/v1'
    const statement = {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'a', digest: { sha256 } }],
      predicateType: type,
      predicate: {}
    }
    await scene.write('statement.json', JSON.stringify(statement))
    const client = fileURLToPath(new URL('../../conformance/client', import.meta.url))
    const trust = ['--trusted-root', scene.sandbox.trustedRoot]
    await run(
      client,
      [
        ...[
          'sign-bundle',
          '--in-toto',
          '--identity-token',
          await requestIdToken(scene.sandbox.env),
          ...trust
        ],
        ...['--signing-config', scene.sandbox[log], '--bundle', 'a.sigstore.json', 'statement.json']
      ],
      { cwd: scene.workspace }
    )
    const verify = async (): Promise<string> =>
      await cosign(
        ...['verify-blob-attestation', '--type', type, '--bundle', 'a.sigstore.json', ...trust],
        ...['--certificate-identity', IDENTITY, '--certificate-oidc-issuer', ISSUER, 'a']
      )
    expect(await verify()).toContain('Verified OK')
    await appendFile(`${scene.workspace}/a`, 'x')
    await expect(verify()).rejects.toThrow('provided artifact digest')
  })

  it('and refuses a changed byte, another identity, and another issuer', async () => {
    await scene.write('a', 'one')
    await scene.sign({ files: 'a' })
    const verify = async (identity = IDENTITY, issuer = ISSUER): Promise<string> =>
      await cosign(
        'verify-blob',
        ...['--trusted-root', scene.sandbox.trustedRoot, '--bundle', 'a.sigstore.json'],
        ...['--certificate-identity', identity, '--certificate-oidc-issuer', issuer, 'a']
      )
    expect(await verify()).toContain('Verified OK')
    await expect(verify(`${IDENTITY}x`)).rejects.toThrow('no matching')
    await expect(verify(IDENTITY, 'https://example.com')).rejects.toThrow('no matching')
    await appendFile(`${scene.workspace}/a`, 'x')
    await expect(verify()).rejects.toThrow('failed to verify signature')
  })
})

describe('we verify what cosign signs', () => {
  const trust = (log: Log): string[] => [
    ...['--signing-config', scene.sandbox[log]],
    ...['--trusted-root', scene.sandbox.trustedRoot]
  ]

  it.each(LOGS)('a file, and not after a byte changed or for another identity: %s', async log => {
    await scene.write('a', 'one')
    const as = ['--yes', '--identity-token', await requestIdToken(scene.sandbox.env), ...trust(log)]
    await cosign('sign-blob', ...as, '--bundle', 'a.sigstore.json', 'a')

    expect(await scene.verify({ files: 'a' })).toMatchObject({ outputs: { verified: 'true' } })
    const other = await scene.verify({ files: 'a', 'certificate-identity': `${IDENTITY}x` })
    expect(other.annotations[0]?.message).toContain('[IDENTITY_MISMATCH]')
    await scene.write('a', 'onf')
    const changed = await scene.verify({ files: 'a' })
    expect(changed.annotations[0]?.message).toContain('[DIGEST_MISMATCH]')
  })

  it.each(LOGS)('a statement about a file, when asked for its predicate type: %s', async log => {
    await scene.write('a', 'one')
    await scene.write('predicate.json', '{"passed":true}')
    const type = 'https://example.com/test-result/v1'
    const as = ['--yes', '--identity-token', await requestIdToken(scene.sandbox.env), ...trust(log)]
    const what = ['--predicate', 'predicate.json', '--type', type, '--bundle', 'a.sigstore.json']
    await cosign('attest-blob', ...as, ...what, 'a')

    const asked = await scene.verify({ files: 'a', 'predicate-type': type })
    expect(asked).toMatchObject({ exitCode: 0, outputs: { verified: 'true' } })
    const results = await readFile(asked.outputs['results-path'] ?? '', 'utf8')
    expect(JSON.parse(results)).toMatchObject({ subjects: [{ passed: [{ predicateType: type }] }] })

    const bare = await scene.verify({ files: 'a' })
    expect(bare.annotations[0]?.message).toContain('[NOT_A_MESSAGE_SIGNATURE]')
    const both = await scene.verify({ files: 'a', 'predicate-type': `${type}\nhttps://x.example` })
    expect(both.annotations[0]?.message).toContain('[PREDICATE_TYPE_MISMATCH]')
    await scene.write('a', 'onf')
    const changed = await scene.verify({ files: 'a', 'predicate-type': type })
    expect(changed.annotations[0]?.message).toContain('[SUBJECT_MISMATCH]')
  })
})
